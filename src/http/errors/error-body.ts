import { ERRORS, type GatewayError } from '../../errors.ts';

interface ErrorBody {
  readonly src: 'llama-swap';
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly details?: object;
  };
}

/** The shape of OpenAI's errors, with `src` to tell the gateway's errors from those of an upstream. */
export function errorBody(error: GatewayError): ErrorBody {
  const { code, message, param, failure } = error;
  const details = failure && {
    code: failure.code,
    message: failure.message,
    exitCode: failure.exitCode,
    signal: failure.signal,
    logTail: failure.logTail,
  };
  return {
    src: 'llama-swap',
    error: { message, type: ERRORS[code].type, param, code, ...(details && { details }) },
  };
}
