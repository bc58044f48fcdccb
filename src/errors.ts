import type { Failure } from '../machines/shared/failure.ts';

/**
 * Every error a client can get, once: code → HTTP status → OpenAI error type. `docs/errors.md` explains each code and a
 * test holds the two lists equal.
 */
export const ERRORS = {
  bad_request: { status: 400, type: 'invalid_request_error' },
  invalid_json: { status: 400, type: 'invalid_request_error' },
  model_required: { status: 400, type: 'invalid_request_error' },
  unauthorized: { status: 401, type: 'authentication_error' },
  forbidden: { status: 403, type: 'authentication_error' },
  admin_required: { status: 403, type: 'authentication_error' },
  model_not_allowed: { status: 403, type: 'authentication_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'invalid_request_error' },
  body_too_large: { status: 413, type: 'invalid_request_error' },
  headers_too_large: { status: 431, type: 'invalid_request_error' },
  concurrency_limit: { status: 429, type: 'rate_limit_error' },
  queue_full: { status: 429, type: 'rate_limit_error' },
  request_cancelled: { status: 499, type: 'invalid_request_error' },
  client_closed_request: { status: 499, type: 'invalid_request_error' },
  invalid_config: { status: 422, type: 'invalid_request_error' },
  internal_error: { status: 500, type: 'server_error' },
  upstream_unreachable: { status: 502, type: 'server_error' },
  upstream_closed: { status: 502, type: 'server_error' },
  model_start_failed: { status: 503, type: 'server_error' },
  model_stop_failed: { status: 503, type: 'server_error' },
  model_cooling_down: { status: 503, type: 'server_error' },
  model_unloaded: { status: 503, type: 'server_error' },
  service_unavailable: { status: 503, type: 'server_error' },
  shutting_down: { status: 503, type: 'server_error' },
  upstream_timeout: { status: 504, type: 'server_error' },
} as const satisfies Record<string, { status: number; type: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** The request parameter at fault, as OpenAI's `param`. */
  readonly param?: string;
  /** Seconds after which a retry may help; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Why the model is not there; becomes `error.details`. */
  readonly failure?: Failure;
  readonly cause?: unknown;
}

/** An answer to a client that is not an upstream's. Thrown or passed to `next` anywhere below HTTP's error handler. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;
  readonly failure: Failure | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.param = details.param ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.failure = details.failure ?? null;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}
