import type { Report } from './report.ts';
import type { CorsConfig } from './types.ts';

/** Origins as browsers send them. */
export function corsConfig(origins: readonly string[], report: Report): CorsConfig {
  origins.forEach((origin, index) => {
    if (origin === '*' || URL.parse(origin)?.origin === origin) return;
    report.error(
      ['server', 'cors', 'origins', index],
      'is no origin',
      'write protocol, host and port only, like https://chat.example, or * for all',
    );
  });
  return { origins };
}
