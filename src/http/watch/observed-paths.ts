import { INFERENCE_PATHS, MODEL_QUERY_PATHS } from '../inference-paths.ts';

const INFERENCE: ReadonlySet<string> = new Set(INFERENCE_PATHS);
const QUERIES: ReadonlySet<string> = new Set(MODEL_QUERY_PATHS);

/** How closely a request is watched. */
export interface Attention {
  /** It is shown while it is in flight. */
  readonly inFlight: boolean;
  /** It becomes an entry of the activity. */
  readonly recorded: boolean;
}

const NONE: Attention = { inFlight: false, recorded: false };
const SHOWN: Attention = { inFlight: true, recorded: false };
const BOTH: Attention = { inFlight: true, recorded: true };

/** For a request below `/upstream/<model>`; directly, each of these paths is a route of its own. */
export function attentionTo(method: string, path: string): Attention {
  if (method === 'POST') return INFERENCE.has(path) || QUERIES.has(path) ? BOTH : NONE;
  return (method === 'GET' || method === 'HEAD') && QUERIES.has(path) ? SHOWN : NONE;
}
