import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, begin, errorIn, post, sendRaw, signal } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig, startGateway } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

function nobody() {
  return fakeDesk(() => {
    throw new Error('no request of this test may get as far as the desk');
  });
}

async function refusal(port: number, body: string | Buffer, headers: Record<string, string> = {}): Promise<string> {
  const { message, body: answer } = await ask(port, { method: 'POST', path: '/v1/completions', body, headers });
  const { code, param } = errorIn(answer);
  return `${message.statusCode} ${code} ${param}`;
}

describe('bodies', () => {
  it.each([
    ['', '400 model_required model'],
    ['{}', '400 model_required model'],
    ['[]', '400 model_required model'],
    ['[{"model":"alpha"}]', '400 model_required model'],
    ['{"model":null}', '400 model_required model'],
    ['{"model":""}', '400 model_required model'],
    ['{"nested":{"model":"alpha"}}', '400 model_required model'],
    ['{"model":42}', '400 bad_request model'],
    ['{"model":["alpha"]}', '400 bad_request model'],
    ['{"model":"alpha","model":{}}', '400 bad_request model'],
    ['{"mod', '400 invalid_json null'],
    ['{"messages":[{"role":"user"', '400 invalid_json null'],
    ['{"model":"al', '400 invalid_json null'],
    ['{"model":"\\ud8zz"}', '400 invalid_json null'],
    ['hello', '400 invalid_json null'],
    ['\0\0\0\0', '400 invalid_json null'],
    ['{"model":"__proto__"}', '404 model_not_found model'],
    ['{"model":"constructor"}', '404 model_not_found model'],
    ['{"model":"alpha\\u0000"}', '404 model_not_found model'],
    ['{"model":"../alpha"}', '404 model_not_found model'],
    ['{"model":":alpha"}', '404 model_not_found model'],
    ['{"__proto__":{"model":"alpha"}}', '400 model_required model'],
  ])('%j is refused: %s', async (body, expected) => {
    const gateway = await gatewayWith(nobody());
    expect(await refusal(gateway.port, body)).toBe(expected);
  });

  it('a megabyte of [[[[ overflows nothing', async () => {
    const gateway = await gatewayWith(nobody());
    expect(await refusal(gateway.port, '['.repeat(1024 * 1024))).toBe('400 model_required model');
    expect(await refusal(gateway.port, `{"a":${'['.repeat(1024 * 1024)}`)).toBe('400 invalid_json null');
  });

  it.each(['{"model":"alpha","model":"beta"}', '{"model":"alpha","mod\\u0065l":"alpha"}'])(
    'two models (%s) are refused: the upstream might read the other one',
    async (body) => {
      const gateway = await gatewayWith(nobody());
      expect(await refusal(gateway.port, body)).toBe('400 bad_request model');
    },
  );

  it.each([
    ['multipart/form-data', '400 model_required model'],
    ['multipart/form-data; boundary=', '400 model_required model'],
    ['multipart/form-data; boundary=XX', '400 model_required model'],
    ['multipart/form-data; boundary=YY', '400 model_required model'],
  ])('a broken form (%s) is refused', async (type, expected) => {
    const gateway = await gatewayWith(nobody());
    const body = '--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nalpha';
    expect(await refusal(gateway.port, body, { 'content-type': type })).toBe(expected);
  });

  it('X3: a body that is too large is refused, announced or not, and the client gets to read why', async () => {
    const config = httpConfig([modelConfig('alpha')], { maxBodyBytes: 1000 });
    const gateway = await gatewayWith(nobody(), { config });
    const large = `{"model":"alpha","x":"${'x'.repeat(100_000)}"}`;
    expect(await refusal(gateway.port, large)).toBe('413 body_too_large null');
    expect(await refusal(gateway.port, large, { 'transfer-encoding': 'chunked' })).toBe('413 body_too_large null');
  });

  it('X3: a client that waits to be invited is not invited to send too much', async () => {
    const config = httpConfig([modelConfig('alpha')], { maxBodyBytes: 1000 });
    const upstream = await startUpstream(echo);
    const gateway = await gatewayTo(upstream, { config });
    const expecting = (length: number) =>
      begin(gateway.port, {
        method: 'POST',
        path: '/v1/completions',
        headers: { expect: '100-continue', 'content-length': String(length) },
      });
    const small = expecting(17);
    small.flushHeaders();
    await once(small, 'continue');
    small.end('{"model":"alpha"}');
    const [answer] = await once(small, 'response');
    expect(answer.statusCode).toBe(200);
    answer.resume();

    const large = expecting(5000);
    let invited = false;
    large.on('continue', () => {
      invited = true;
    });
    large.on('error', () => {});
    large.flushHeaders();
    const [refused] = await once(large, 'response');
    expect([refused.statusCode, invited]).toEqual([413, false]);
    large.destroy();
  });

  it('X3: a body that stops coming is given up', async () => {
    const gateway = await gatewayWith(nobody(), { times: { bodyIdleMs: 50 } });
    const req = begin(gateway.port, { method: 'POST', path: '/v1/completions' }).on('error', () => {});
    req.write('{"model":');
    const [message] = await once(req, 'response');
    expect(message.statusCode).toBe(408);
    req.destroy();
  });

  it('X3: a body that is streamed and stops coming is given up, and its model is free again', async () => {
    const aborted = signal();
    const upstream = await startUpstream((req) => void req.on('close', aborted.set).resume());
    const gateway = await gatewayTo(upstream, { times: { bodyIdleMs: 50 } });
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/alpha/x' }).on('error', () => {});
    req.write('half');
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    expect([message.statusCode, errorIn(await bodyOf(message)).code]).toEqual([408, 'request_timeout']);
    await Promise.all([aborted.done, gateway.desk.allBack()]);
    expect(gateway.desk.asked).toHaveLength(1);
    req.destroy();
  });

  it('X3: a body that drips is given up, though it never stops', async () => {
    const gateway = await gatewayWith(nobody(), { times: { bodyTotalMs: 200 } });
    const req = begin(gateway.port, { method: 'POST', path: '/v1/completions' }).on('error', () => {});
    const drip = setInterval(() => req.write(' '), 20);
    const [message] = await once(req, 'response');
    clearInterval(drip);
    expect(message.statusCode).toBe(408);
    req.destroy();
  });
});

describe('headers and paths', () => {
  it.each([
    ['what is this\r\n\r\n', '400', 'bad_request'],
    ['GET / HTTP/1.1\r\nhost: x\r\nx-request-id: a\rb\r\n\r\n', '400', 'bad_request'],
    ['GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', '400', 'bad_request'],
    [
      'POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
      'bad_request',
    ],
    ['GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n', '400', 'bad_request'],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(80_000)}\r\n\r\n`, '431', 'headers_too_large'],
  ])('%.40j gets an error in the usual shape', async (bytes, status, code) => {
    const gateway = await gatewayWith(nobody());
    const [head = '', body = ''] = (await sendRaw(gateway.port, bytes)).split('\r\n\r\n');
    expect(head.split(' ')[1]).toBe(status);
    expect(errorIn(body).code).toBe(code);
  });

  it('X3: headers that drip are given up', async () => {
    const gateway = keep(await startGateway(nobody(), {}, { headersTimeout: 100, connectionsCheckingInterval: 20 }));
    const answer = await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nhost: x\r\nx-a');
    expect(answer).toContain('408');
    expect(errorIn(answer.split('\r\n\r\n')[1] ?? '').code).toBe('request_timeout');
  });

  it('X3: the limit on headers does not cut a long answer', async () => {
    const upstream = keep(
      await startUpstream((_req, res) => {
        res.write('slow ');
        setTimeout(() => res.end('answer'), 1300);
      }),
    );
    const gateway = keep(
      await startGateway(
        fakeDesk(() => upstream.upstream),
        {},
        { headersTimeout: 1000, connectionsCheckingInterval: 20 },
      ),
    );
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}');
    expect(await response.text()).toBe('slow answer');
  });

  it('cannot smuggle a second request to the upstream', async () => {
    const upstream = await startUpstream(echo);
    let requests = 0;
    upstream.server.on('request', () => {
      requests += 1;
    });
    const gateway = await gatewayTo(upstream);
    for (const method of ['GET', 'DELETE', 'POST']) {
      const { body } = await ask(gateway.port, {
        method,
        path: '/upstream/alpha/x',
        headers: { 'transfer-encoding': 'chunked', connection: 'transfer-encoding, content-length' },
        body: 'GET /admin HTTP/1.1\r\nhost: x\r\n\r\n',
      });
      expect((JSON.parse(body.toString()) as Echo).body).toContain('/admin');
    }
    expect(requests).toBe(3);
  });

  it.each(['/v1/completions', '/upstream/alpha/x'])(
    'a transfer coding that nobody undoes is refused, and not passed on as if it were none: %s',
    async (path) => {
      const gateway = await gatewayWith(nobody());
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: gzip, chunked\r\n\r\n`;
      const answer = await sendRaw(gateway.port, `${head}11\r\n{"model":"alpha"}\r\n0\r\n\r\n`);
      expect(answer.split(' ')[1]).toBe('400');
      expect(errorIn(answer.split('\r\n\r\n')[1] ?? '').code).toBe('bad_request');
    },
  );

  it.each([
    '/upstream/alpha/../../etc/passwd',
    '/upstream/alpha/%2e%2E/x',
    '/upstream/../alpha/x',
    '/upstream/alpha/a/.',
    '/upstream/al%zzpha/x',
    '/api/models/load/%zz',
  ])('%s is refused', async (path) => {
    const gateway = await gatewayWith(nobody());
    const { message } = await ask(gateway.port, { method: 'POST', path });
    expect(message.statusCode).toBe(400);
  });

  it('broken escapes behind a model, or in a query, go on as they are', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const { body } = await ask(gateway.port, { path: '/upstream/alpha/%zz?a=%zz' });
    expect((JSON.parse(body.toString()) as Echo).url).toBe('/%zz?a=%zz');
    expect((await ask(gateway.port, { path: '/props?model=%zz' })).message.statusCode).toBe(404);
  });

  it('takes a whole URL for its path, as clients of a proxy write it', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const { body } = await ask(gateway.port, {
      method: 'POST',
      path: 'http://any.host/v1/completions?x=1',
      body: '{"model":"alpha"}',
    });
    expect((JSON.parse(body.toString()) as Echo).url).toBe('/v1/completions?x=1');
  });

  it('an error that nobody expected says nothing about the inside', async () => {
    const desk = fakeDesk(() => {
      throw new Error('secret detail at /home/me');
    });
    const gateway = await gatewayWith(desk);
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', { 'x-request-id': 'abc' });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(gateway.log).toHaveLength(1);
    expect(gateway.log[0]).toMatch(/^request abc: Error: secret detail/);
  });
});
