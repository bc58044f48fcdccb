import { describe, expect, it } from 'vitest';
import { parseAnswerHead } from '../../../src/upstream/answer-head.ts';
import { MalformedAnswer } from '../../../src/upstream/malformed-answer.ts';

const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines].join('\r\n');

describe('the head of an answer', () => {
  it('is read as it came, names in lower case', () => {
    const text = head(
      'Content-Type:  text/plain ',
      'Set-Cookie: a=1',
      'set-cookie: b=ü',
      'X-Empty:',
      'Content-Length: 3',
    );
    expect(parseAnswerHead(text, 'POST')).toEqual({
      status: 200,
      reason: 'OK',
      headers: [
        'content-type',
        'text/plain',
        'set-cookie',
        'a=1',
        'set-cookie',
        'b=ü',
        'x-empty',
        '',
        'content-length',
        '3',
      ],
      body: 3,
      keepsAlive: true,
      idleMs: null,
    });
  });

  it.each([
    ['a length', 'POST', head('content-length: 12'), 12],
    ['chunks', 'POST', head('Transfer-Encoding: Chunked'), 'chunked'],
    ['the end of the connection', 'POST', head(), 'until-close'],
    ['nothing: a HEAD was asked', 'HEAD', head('content-length: 12'), 0],
    ['nothing: 204', 'POST', 'HTTP/1.1 204 No Content', 0],
    ['nothing: 304', 'GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5', 0],
    ['nothing: 100', 'POST', 'HTTP/1.1 100 Continue', 0],
  ])('says that the body is framed by %s', (_, method, text, body) => {
    expect(parseAnswerHead(text, method).body).toBe(body);
  });

  it.each([
    [head('content-length: 0'), true],
    [head('content-length: 0', 'connection: close'), false],
    [head('content-length: 0', 'connection: x-a, Close'), false],
    [head('content-length: 0', 'connection: close-not'), true],
    [head(), false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive', true],
  ])('says whether the connection may be used again: %j', (text, keepsAlive) => {
    expect(parseAnswerHead(text, 'POST').keepsAlive).toBe(keepsAlive);
  });

  it('tells how long the server keeps an idle connection', () => {
    expect(parseAnswerHead(head('content-length: 0', 'keep-alive: max=5, timeout=7'), 'POST').idleMs).toBe(7_000);
  });

  it('takes a status without words', () => {
    expect(parseAnswerHead('HTTP/1.1 418', 'GET')).toMatchObject({ status: 418, reason: '' });
    expect(parseAnswerHead('HTTP/1.1 418 ', 'GET')).toMatchObject({ status: 418, reason: '' });
  });

  // Whatever two programs could read differently is refused: somebody could smuggle an answer into another's.
  it.each([
    ['no HTTP', '220 mail.example ESMTP'],
    ['another version', 'HTTP/2.0 200 OK'],
    ['a status of two digits', 'HTTP/1.1 20 OK'],
    ['a status of four digits', 'HTTP/1.1 2000 OK'],
    ['a status below 100', 'HTTP/1.1 099 OK'],
    ['two lengths', head('content-length: 3', 'content-length: 4')],
    ['the same length twice', head('content-length: 3', 'content-length: 3')],
    ['a list of lengths', head('content-length: 3, 3')],
    ['a signed length', head('content-length: +3')],
    ['a hexadecimal length', head('content-length: 0x3')],
    ['an endless length', head('content-length: 99999999999999999999')],
    ['a length and chunks', head('content-length: 3', 'transfer-encoding: chunked')],
    ['chunks that are not the last coding', head('transfer-encoding: chunked, gzip')],
    ['a coding that nobody asked for', head('transfer-encoding: gzip')],
    ['chunks twice', head('transfer-encoding: chunked', 'transfer-encoding: chunked')],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked'],
    ['a space before the colon', head('content-length : 3')],
    ['a space before the name', head(' content-length: 3')],
    ['a folded line', head('x-a: 1', ' 2')],
    ['no colon', head('content-length 3')],
    ['no name', head(': 3')],
    ['a name with a forbidden character', head('x(y): 3')],
    ['a line end alone', head('x-a: 1\nx-b: 2')],
    ['a carriage return alone', head('x-a: 1\rx-b: 2')],
    ['a zero byte', head('x-a: \0')],
  ])('is refused with %s', (_, text) => {
    expect(() => parseAnswerHead(text, 'POST')).toThrow(MalformedAnswer);
  });
});
