import type { Config } from '../config/types.ts';
import type { Destination } from '../dispatch/lease.ts';
import { resolveModel } from '../dispatch/resolve-model.ts';
import { GatewayError } from '../errors.ts';
import { modelNotFound } from './model-not-found.ts';

/** What `/upstream/<model>/<rest>` means. */
export interface UpstreamPath {
  readonly destination: Destination;
  /** The path for the upstream, percent-encoding untouched, query included; null when there is not even a slash. */
  readonly rest: string | null;
}

/** A dot segment, plain or encoded: it could climb out of the upstream's base path. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?=\/|$)/i;

/**
 * Takes the model off the front of a path: the longest name that is configured, over whole segments.
 *
 * @param url What follows `/upstream`: a path that begins with a slash, and perhaps a query.
 * @throws GatewayError `model_not_found`, or `bad_request` for a path that cannot be decoded or climbs.
 */
export function parseUpstreamPath(config: Config, url: string): UpstreamPath {
  const queryAt = url.indexOf('?');
  const path = queryAt === -1 ? url : url.slice(0, queryAt);
  const query = queryAt === -1 ? '' : url.slice(queryAt);
  if (DOT_SEGMENT.test(path)) throw new GatewayError('bad_request', "The path must not hold '.' or '..' segments.");

  let found: UpstreamPath | null = null;
  let name = '';
  let at = 0;
  for (let segments = mostSegments(config); segments > 0 && at < path.length; segments -= 1) {
    while (path[at] === '/') at += 1;
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    if (end === at) break;
    name += (name === '' ? '' : '/') + decode(path.slice(at, end));
    const destination = resolveModel(config, name);
    if (destination !== null) found = { destination, rest: slash === -1 ? null : path.slice(slash) + query };
    at = end;
  }
  if (found === null) throw modelNotFound(name);
  return found;
}

/** How many segments the longest name has; a path of thousands of segments is not tried to its end. */
function mostSegments(config: Config): number {
  const segments = (name: string): number => name.split('/').length;
  const model = Math.max(0, ...[...config.models.keys(), ...config.aliases.keys()].map(segments));
  const profile = Math.max(0, ...[...config.profiles.keys()].map(segments));
  return model + profile;
}

export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GatewayError('bad_request', 'The path holds a percent sign that begins no valid escape.');
  }
}
