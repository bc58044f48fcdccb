/** A file that somebody else has locked is tried again so often, so much later each time. */
export const TRIES = 20;
export const RETRY_MS = 250;
