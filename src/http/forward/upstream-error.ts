import { GatewayError } from '../../errors.ts';

/** Says in our words why no answer came from an upstream. The error of node stays inside, as the cause. */
export function upstreamError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new GatewayError('upstream_closed', 'The model server closed the connection before it answered.', {
      cause: error,
    });
  }
  if (code.startsWith('HPE_') || code === 'ERR_MALFORMED_ANSWER') {
    return new GatewayError('upstream_closed', `The model server answered something that is not HTTP (${code}).`, {
      cause: error,
    });
  }
  if (code.startsWith('ERR_INVALID') || code === 'ERR_UNESCAPED_CHARACTERS') {
    return new GatewayError('bad_request', `The request cannot be passed on (${code}).`, { cause: error });
  }
  return new GatewayError('upstream_unreachable', `The model server cannot be reached (${code || 'unknown error'}).`, {
    cause: error,
  });
}

/** For an upstream that takes longer than its `timeouts.responseHeader`. */
export function tooSlow(): GatewayError {
  return new GatewayError('upstream_timeout', 'The model server did not start to answer in the time set for it.');
}

/** True when asking once more may help: nobody answered, as opposed to somebody being slow or the request being bad. */
export function mayHelpToAskAgain(error: GatewayError): boolean {
  return error.code === 'upstream_closed' || error.code === 'upstream_unreachable';
}
