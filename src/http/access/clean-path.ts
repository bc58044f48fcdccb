import { isPassage } from './plain-path.ts';

const UNCLEAN = /\/(?:\/|\.{1,2}(?:\/|$))/;

/**
 * The path without empty and dot segments, its query kept.
 *
 * @returns null when there is nothing to clean.
 */
export function cleanPath(url: string): string | null {
  const queryAt = url.indexOf('?');
  const path = queryAt === -1 ? url : url.slice(0, queryAt);
  if (!UNCLEAN.test(path) || isPassage(path)) return null;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const slash = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${slash}${url.slice(path.length)}`;
}
