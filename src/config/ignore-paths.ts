import { translateRe2 } from './re2.ts';
import type { Report } from './report.ts';

const DEFAULT = ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$'];

/** Sources of regular expressions. An empty list is one: it switches the default off. */
export function ignorePaths(patterns: readonly string[] = DEFAULT, report: Report): string[] {
  return patterns.map((pattern, index) => {
    const translated = translateRe2(pattern);
    if ('source' in translated) return translated.source;
    const path = ['upstream', 'ignorePaths', index];
    const message = `the regular expression "${report.shown(path)}" ${translated.wrong}`;
    report.error(path, message, 'the syntax is that of RE2');
    return '';
  });
}
