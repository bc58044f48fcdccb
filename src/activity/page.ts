import type { DatabaseSync } from 'node:sqlite';
import { formatRfc3339 } from '../rfc3339.ts';
import { parseOrNull } from './last-object.ts';
import { idsOfPage, type Sorting, type Stretch } from './page-ids.ts';
import { ROWS_AT_ONCE } from './patience.ts';
import { type ActivityQuery, SORT_COLUMNS } from './parse-query.ts';
import type { ActivityRow } from './schema.ts';
import { isFields } from './usage.ts';

/** One entry as the API shows it. What is not known is left out, from `error_msg` on. */
interface ActivityEntry {
  readonly id: number;
  /** RFC 3339, local zone, to the second. */
  readonly timestamp: string;
  readonly model: string;
  readonly req_path: string;
  readonly resp_content_type: string;
  readonly resp_status_code: number;
  readonly tokens: {
    readonly cache_tokens: number;
    readonly draft_tokens: number;
    readonly draft_acc_tokens: number;
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly prompt_per_second: number;
    readonly tokens_per_second: number;
  };
  readonly duration_ms: number;
  readonly has_capture: boolean;
  /** Epoch milliseconds. */
  readonly timestamp_ms: number;
  readonly error_msg?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly ttft_ms?: number;
  readonly queue_ms?: number;
  readonly load_ms?: number;
  readonly client?: string;
}

/** The answer of `GET /api/metrics/activity`. */
export interface ActivityPage {
  readonly data: readonly ActivityEntry[];
  readonly page: number;
  readonly limit: number;
  /** After the filters. */
  readonly total: number;
  /** 0 when there is nothing. */
  readonly total_pages: number;
}

/** Rows that an index can be followed past in one go. */
const ROWS_PASSED = 50_000;

/** Of many entries it reads in pieces, so that streams go on in between. What is stored meanwhile may be seen or not. */
export async function selectPage(
  db: DatabaseSync,
  query: ActivityQuery,
  hasCapture: (id: number) => boolean,
): Promise<ActivityPage> {
  const filter = filterOf(query);
  const { limit, page, order, sort } = query;
  const column = SORT_COLUMNS[sort];
  const counted = db.prepare(`SELECT count(*) AS total FROM activity WHERE ${filter.condition}`).get(...filter.values);
  const total = Number(counted?.['total'] ?? 0);
  const from = Math.min((page - 1) * limit, total);
  const to = Math.min(from + limit, total);
  const isNear = total <= ROWS_AT_ONCE || (isInOrder(query) && Math.min(from, total - to) <= ROWS_PASSED);
  const rows = isNear
    ? selectFromNearerEnd(db, { ...filter, column, order }, { from, to, total })
    : selectByIds(db, await idsOfPage(db, { ...filter, column, order }, { from, to, total }));
  const data = rows.map((row) => entryOf(row, hasCapture(row.id)));
  return { data, page, limit, total, total_pages: Math.ceil(total / limit) };
}

/** Whether an index has the entries in this order, and no others among them. */
function isInOrder({ models, start, end, minId, maxId, sort }: ActivityQuery): boolean {
  if (models.length > 0) return false;
  if (sort === 'id') return start === null && end === null;
  return sort === 'time' && minId === null && maxId === null;
}

function selectFromNearerEnd(db: DatabaseSync, sorting: Sorting, { from, to, total }: Stretch): ActivityRow[] {
  const { condition, values, column, order } = sorting;
  const isFar = from > total - to;
  const way = isFar ? (order === 'asc' ? 'desc' : 'asc') : order;
  const rows = db
    .prepare(`SELECT * FROM activity WHERE ${condition} ORDER BY ${column} ${way}, id ${way} LIMIT ? OFFSET ?`)
    .all(...values, to - from, isFar ? total - to : from) as unknown as ActivityRow[];
  return isFar ? rows.reverse() : rows;
}

function selectByIds(db: DatabaseSync, ids: readonly number[]): ActivityRow[] {
  const rows = db
    .prepare(`SELECT * FROM activity WHERE id IN (${ids.map(() => '?').join(', ')})`)
    .all(...ids) as unknown as ActivityRow[];
  const places = new Map(ids.map((id, place) => [id, place]));
  return rows.sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
}

function filterOf({ models, start, end, minId, maxId }: ActivityQuery): Pick<Sorting, 'condition' | 'values'> {
  const parts: [string, readonly (string | number | null)[]][] = [
    [`model_id IN (${models.map(() => '?').join(', ')})`, models],
    ['ts_created >= ?', [start]],
    ['ts_created <= ?', [end]],
    ['id >= ?', [minId]],
    ['id <= ?', [maxId]],
  ];
  const given = parts.filter(([, values]) => values.length > 0 && values.every((value) => value !== null));
  return {
    condition: given.map(([condition]) => condition).join(' AND ') || '1',
    values: given.flatMap(([, values]) => values as readonly (string | number)[]),
  };
}

function entryOf(row: ActivityRow, hasCapture: boolean): ActivityEntry {
  const at = row.ts_created_ms ?? row.ts_created * 1000;
  const metadata = parseOrNull(row.metadata_json);
  return {
    id: row.id,
    timestamp: formatRfc3339(at),
    model: row.model_id,
    req_path: row.req_path,
    resp_content_type: row.resp_content_type,
    resp_status_code: row.resp_status_code,
    tokens: {
      cache_tokens: row.cache_tokens,
      draft_tokens: row.draft_tokens,
      draft_acc_tokens: row.draft_acc_tokens,
      input_tokens: row.input_tokens,
      output_tokens: row.output_tokens,
      prompt_per_second: row.prompt_per_second,
      tokens_per_second: row.tokens_per_second,
    },
    duration_ms: row.duration_ms,
    has_capture: hasCapture,
    timestamp_ms: at,
    ...(row.error_msg ? { error_msg: row.error_msg } : {}),
    ...(isFields(metadata) && Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(row.ttft_ms === null ? {} : { ttft_ms: row.ttft_ms }),
    ...(row.queue_ms === null ? {} : { queue_ms: row.queue_ms }),
    ...(row.load_ms === null ? {} : { load_ms: row.load_ms }),
    ...(row.client === null ? {} : { client: row.client }),
  };
}
