import type { Resolution } from '../../dispatch/names.ts';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import { followPin } from '../deliver/follow-pin.ts';

/** What `/upstream/<model>/<rest>` means. */
export interface UpstreamPath extends ParsedPath {
  readonly found: Resolution;
}

/** What there is of it in the path. */
interface ParsedPath {
  /** null = nobody is known by the name. */
  readonly found: Resolution | null;
  /** The model's name, after a pin; where nobody is known, the longest that may be meant. */
  readonly name: string;
  /** Where the request belongs when `rest` is null: the same with a slash, percent-encoded, below `/upstream`. */
  readonly home: string;
  /** The path for the upstream, percent-encoding untouched, query included; null when there is not even a slash. */
  readonly rest: string | null;
}

/**
 * Takes the model off the front of a path: the longest name of a pin, else the longest that is configured, else the
 * longest that was discovered, over whole segments. Selectors are not looked at: the pages of an upstream need one
 * upstream.
 *
 * @param url What follows `/upstream`: a path that begins with a slash, and perhaps a query.
 * @throws GatewayError `model_not_found` for a pin that switches its name off, or `bad_request` for a path that cannot be
 *   decoded or climbs.
 */
export type ParseUpstreamPath = (url: string) => ParsedPath;

/** A dot segment, plain or encoded: it could climb out of the upstream's base path. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?=\/|$)/i;

/** The first segments of a path as a name, and where in the path that name ends. */
interface Prefix {
  readonly name: string;
  readonly end: number;
}

export function createParseUpstreamPath({
  config,
  names,
  pins,
}: Pick<HttpDeps, 'config' | 'names' | 'pins'>): ParseUpstreamPath {
  return (url) => {
    const queryAt = url.indexOf('?');
    const path = queryAt === -1 ? url : url.slice(0, queryAt);
    const query = queryAt === -1 ? '' : url.slice(queryAt);
    if (DOT_SEGMENT.test(path)) throw new GatewayError('bad_request', "The path must not hold '.' or '..' segments.");

    const prefixes = [...prefixesOf(path, names.mostSegments)].reverse();
    const active = pins.active(config);
    const pin = prefixes.find(({ name }) => active?.pins.has(name) === true);
    const prefix =
      pin ??
      prefixes.find(({ name }) => names.resolveWritten(name) !== null) ??
      prefixes.find(({ name }) => names.resolve(name) !== null) ??
      prefixes[0];
    const name = followPin(prefix?.name ?? '', config, pins);
    if (prefix === undefined) return { found: null, name, home: '/', rest: null };
    const found = names.resolve(name);
    const home = pin === undefined ? path.slice(0, prefix.end) : `/${encodeSegments(name)}`;
    const rest = path.length > prefix.end ? path.slice(prefix.end) + query : null;
    return { found, name, home: `${home}/${query}`, rest };
  };
}

/** Empty segments before a name count for nothing. */
function* prefixesOf(path: string, most: number): Generator<Prefix> {
  let name = '';
  let at = 0;
  for (let segments = most; segments > 0 && at < path.length; segments -= 1) {
    while (path[at] === '/') at += 1;
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    if (end === at) return;
    name += (name === '' ? '' : '/') + decode(path.slice(at, end));
    yield { name, end };
    at = end;
  }
}

export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GatewayError('bad_request', 'The path holds a percent sign that begins no valid escape.');
  }
}

/** Slashes of a name stay slashes. */
export function encodeSegments(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
