/** A file that somebody else has locked is tried again so often, so much later each time. */
export const TRIES = 20;
export const RETRY_MS = 250;

/** Rows read, or sorted, in one go: a few milliseconds, in which nobody is served. */
export const ROWS_AT_ONCE = 5_000;
