/** The columns that every file of this kind has had from the beginning. */
export const CREATE = `
CREATE TABLE IF NOT EXISTS activity (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ts_created INTEGER NOT NULL,
  model_id TEXT NOT NULL,
  req_path TEXT NOT NULL,
  resp_content_type TEXT NOT NULL,
  resp_status_code INTEGER NOT NULL,
  cache_tokens INTEGER NOT NULL,
  draft_tokens INTEGER NOT NULL,
  draft_acc_tokens INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  prompt_per_second REAL NOT NULL,
  tokens_per_second REAL NOT NULL,
  duration_ms INTEGER NOT NULL,
  error_msg TEXT NOT NULL DEFAULT '',
  metadata_json TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS activity_by_time ON activity (ts_created DESC, id DESC);
CREATE INDEX IF NOT EXISTS activity_by_model ON activity (model_id, ts_created DESC, id DESC);
`;

/**
 * Captured exchanges, in files only: a tape without end, of which the newest part is kept. A large exchange is several
 * parts. `position` is that of the first byte on the tape, `size` that of the whole exchange.
 */
export const CREATE_CAPTURES = `
CREATE TABLE IF NOT EXISTS capture_parts (
  position INTEGER PRIMARY KEY,
  id INTEGER NOT NULL,
  size INTEGER NOT NULL,
  format INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS capture_parts_by_id ON capture_parts (id);
`;

/** Added to a file that lacks them. They may be null, so that a program that does not know them can still write. */
export const ADDED_COLUMNS: Readonly<Record<string, string>> = {
  ts_created_ms: 'INTEGER',
  ttft_ms: 'REAL',
  queue_ms: 'REAL',
  load_ms: 'REAL',
  client: 'TEXT',
};

const COLUMNS = [
  'id',
  'ts_created',
  'model_id',
  'req_path',
  'resp_content_type',
  'resp_status_code',
  'cache_tokens',
  'draft_tokens',
  'draft_acc_tokens',
  'input_tokens',
  'output_tokens',
  'prompt_per_second',
  'tokens_per_second',
  'duration_ms',
  'error_msg',
  'metadata_json',
  ...Object.keys(ADDED_COLUMNS),
];

export const INSERT = `INSERT INTO activity (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;

/** A row as SQLite returns it. */
export interface ActivityRow {
  readonly id: number;
  readonly ts_created: number;
  readonly model_id: string;
  readonly req_path: string;
  readonly resp_content_type: string;
  readonly resp_status_code: number;
  readonly cache_tokens: number;
  readonly draft_tokens: number;
  readonly draft_acc_tokens: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly prompt_per_second: number;
  readonly tokens_per_second: number;
  readonly duration_ms: number;
  readonly error_msg: string;
  readonly metadata_json: string;
  readonly ts_created_ms: number | null;
  readonly ttft_ms: number | null;
  readonly queue_ms: number | null;
  readonly load_ms: number | null;
  readonly client: string | null;
}
