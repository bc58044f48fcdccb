import { describe, expect, it } from 'vitest';
import { ERRORS, GatewayError } from '../../../src/errors.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { errorBody } from '../../../src/http/errors/error-body.ts';
import { renderError, toGatewayError } from '../../../src/http/errors/error-response.ts';
import { upstreamError } from '../../../src/http/forward/upstream-error.ts';

describe('renderError', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s has the shape of an OpenAI error', (code) => {
    const { status, body, headers } = renderError(new GatewayError(code, 'why'), '*/*');
    expect(status).toBe(ERRORS[code].status);
    expect(headers['content-type']).toContain('application/json');
    expect(JSON.parse(body)).toEqual({
      src: 'llama-swap',
      error: { message: 'why', type: ERRORS[code].type, param: null, code },
    });
  });

  it('rounds Retry-After up to at least a second', () => {
    const after = (retryAfterSeconds: number) =>
      renderError(new GatewayError('queue_full', '', { retryAfterSeconds }), '').headers['retry-after'];
    expect([after(0), after(0.2), after(1), after(1.01)]).toEqual(['1', '1', '1', '2']);
  });

  it('gives text and pages to those who prefer them, and never markup from outside', () => {
    const error = new GatewayError('not_found', `<script>"&'`);
    expect(renderError(error, 'text/plain').body).toBe(`llama-swap: <script>"&'\n`);
    expect(renderError(error, 'text/html').body).toContain('&lt;script&gt;&quot;&amp;&#39;');
    expect(renderError(new GatewayError('queue_full', ''), 'text/html').headers['content-type']).toContain('json');
  });

  it('shows a failure without anything that was not meant to be shown', () => {
    const failure = {
      code: 'crashed' as const,
      message: 'it crashed',
      exitCode: null,
      signal: 'SIGSEGV',
      logTail: ['last line'],
      at: 5,
      argv: ['--api-key', 'secret'],
    };
    const body = JSON.stringify(errorBody(new GatewayError('model_start_failed', 'm', { failure })));
    expect(body).toContain('"details":{"code":"crashed"');
    expect(body).not.toContain('secret');
  });
});

describe('toGatewayError', () => {
  it('keeps the reason of an unexpected error to itself', () => {
    const error = toGatewayError(new TypeError('x is not a function'));
    expect([error.code, error.message.includes('function')]).toEqual(['internal_error', false]);
    expect(toGatewayError(undefined).code).toBe('internal_error');
    expect(toGatewayError(Object.assign(new URIError('bad'), { status: 400 })).code).toBe('bad_request');
  });
});

describe('upstreamError', () => {
  it.each([
    ['ECONNREFUSED', 'upstream_unreachable'],
    ['ENOTFOUND', 'upstream_unreachable'],
    ['ETIMEDOUT', 'upstream_unreachable'],
    ['ECONNRESET', 'upstream_closed'],
    ['EPIPE', 'upstream_closed'],
    ['HPE_INVALID_CONSTANT', 'upstream_closed'],
    ['ERR_INVALID_CHAR', 'bad_request'],
    [undefined, 'upstream_unreachable'],
  ])('%s is %s', (code, expected) => {
    expect(upstreamError(Object.assign(new Error('detail'), { code })).code).toBe(expected);
  });
});
