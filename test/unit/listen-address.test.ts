import { describe, expect, it } from 'vitest';
import { isLoopback, parseListenAddress, reachableHost } from '../../src/listen-address.ts';

describe('listen address', () => {
  it.each([
    [':8080', { host: undefined, port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['[::]:8080', { host: '::', port: 8080 }],
  ])('%s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each(['', '8080', 'localhost', 'localhost:', '::1:8080', 'a:b:80', ':-1', ':99999', ':1e3'])(
    '%j is none',
    (text) => {
      expect(parseListenAddress(text)).toEqual(expect.any(String));
    },
  );

  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['localhost', true],
    [undefined, false],
    ['0.0.0.0', false],
    ['127.0.0.1.evil.example', false],
  ])('%s is loopback: %s', (host, answer) => {
    expect(isLoopback(host)).toBe(answer);
  });

  it.each([
    ['::', 'localhost'],
    ['0.0.0.0', 'localhost'],
    ['::1', '[::1]'],
    ['192.168.1.5', '192.168.1.5'],
  ])('what is bound to %s is reached at %s', (bound, host) => {
    expect(reachableHost(bound)).toBe(host);
  });
});
