import { durationMs } from './duration.ts';
import type { TimeoutsInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import { parseProxyUrl } from './proxy-url.ts';
import type { Report } from './report.ts';
import type { UpstreamConfig, UpstreamTimeouts } from './types.ts';

/** Only ever seen by whoever also gets an error. */
export const NO_UPSTREAM: UpstreamConfig = { url: '', protocol: 'http:', hostname: '', port: 0, basePath: '' };

export function upstreamConfig(url: string, path: KeyPath, report: Report): UpstreamConfig {
  const parsed = parseProxyUrl(url);
  if ('wrong' in parsed) {
    // The hint repeats what is there.
    const isHidden = report.shown(path).includes('${env.');
    report.error(path, parsed.wrong, isHidden ? 'look at what the environment holds here' : parsed.hint);
    return NO_UPSTREAM;
  }
  if (parsed.ignored !== null) {
    report.warning(path, `${parsed.ignored} of the URL will not be used`, 'write protocol, host, port and path only');
  }
  return parsed.upstream;
}

/** @param responseHeader the default, in seconds */
export function upstreamTimeouts(
  raw: TimeoutsInput<never>,
  responseHeader: number,
  path: KeyPath,
  report: Report,
): UpstreamTimeouts {
  const read = (key: keyof TimeoutsInput, fallback: number): number =>
    durationMs(raw[key] ?? fallback, [...path, key], report);
  return {
    connectMs: read('connect', 30),
    tlsHandshakeMs: read('tlsHandshake', 10),
    keepAliveMs: read('keepalive', 30),
    responseHeaderMs: read('responseHeader', responseHeader),
    idleConnectionMs: read('idleConn', 90),
  };
}
