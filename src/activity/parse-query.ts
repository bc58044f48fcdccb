import { parseRfc3339 } from '../rfc3339.ts';

/** The sort keys of the API, and the columns they stand for. */
export const SORT_COLUMNS = {
  id: 'id',
  time: 'ts_created',
  model: 'model_id',
  req_path: 'req_path',
  resp_status_code: 'resp_status_code',
  resp_content_type: 'resp_content_type',
  cached: 'cache_tokens',
  prompt: 'input_tokens',
  generated: 'output_tokens',
  drafted: 'draft_tokens',
  prompt_speed: 'prompt_per_second',
  gen_speed: 'tokens_per_second',
  duration: 'duration_ms',
} as const;

type SortKey = keyof typeof SORT_COLUMNS;

const DEFAULT_LIMIT = 25;
const LARGEST_LIMIT = 999;

/** Which entries, in which order, and which page of them. */
export interface ActivityQuery {
  /** Empty = all. */
  readonly models: readonly string[];
  /** Epoch seconds, inclusive. */
  readonly start: number | null;
  readonly end: number | null;
  readonly minId: number | null;
  readonly maxId: number | null;
  readonly limit: number;
  readonly page: number;
  readonly sort: SortKey;
  readonly order: 'asc' | 'desc';
}

export type ParsedActivityQuery =
  | { readonly query: ActivityQuery; readonly problems: null }
  /** One sentence per parameter at fault. */
  | { readonly query: null; readonly problems: readonly string[] };

/** Reads the query of `GET /api/metrics/activity`. Values are trimmed, and an empty one counts as absent. */
export function parseActivityQuery(params: URLSearchParams): ParsedActivityQuery {
  const problems: string[] = [];

  function text(name: string): string | null {
    return params.get(name)?.trim() || null;
  }

  function whole(name: string, largest = Number.MAX_SAFE_INTEGER): number | null {
    const value = text(name);
    if (value === null) return null;
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= 1 && number <= largest) return number;
    const upTo = largest === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `between 1 and ${largest}`;
    problems.push(`${name} must be a whole number ${upTo}`);
    return null;
  }

  function time(name: string): number | null {
    const value = text(name);
    if (value === null) return null;
    const at = parseRfc3339(value);
    if (at === null) problems.push(`${name} must be a time as in RFC 3339, like 2026-01-31T13:00:41Z`);
    // Entries of older files know whole seconds only.
    return at === null ? null : Math.floor(at / 1000);
  }

  function choice<T extends string>(name: string, choices: readonly T[], fallback: T, value = text(name)): T {
    const found = value === null ? fallback : choices.find((one) => one === value);
    if (found === undefined) problems.push(`${name} must be one of ${choices.join(', ')}`);
    return found ?? fallback;
  }

  const query: ActivityQuery = {
    models: params
      .getAll('model')
      .map((model) => model.trim())
      .filter((model) => model !== ''),
    start: time('start'),
    end: time('end'),
    minId: whole('min_id'),
    maxId: whole('max_id'),
    limit: whole('limit', LARGEST_LIMIT) ?? DEFAULT_LIMIT,
    page: whole('page') ?? 1,
    sort: choice('sort', Object.keys(SORT_COLUMNS) as SortKey[], 'id'),
    order: choice('order', ['asc', 'desc'], 'desc', text('order')?.toLowerCase() ?? null),
  };
  if (query.start !== null && query.end !== null && query.start > query.end)
    problems.push('start must not be after end');
  if (query.minId !== null && query.maxId !== null && query.minId > query.maxId) {
    problems.push('min_id must not be greater than max_id');
  }
  return problems.length > 0 ? { query: null, problems } : { query, problems: null };
}
