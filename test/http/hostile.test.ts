import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, begin, errorIn, post, sendRaw, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig, startGateway, waitForAbort } from './fake-gateway.ts';
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

  it.each([
    [
      'asks for a WebSocket',
      'GET /upstream/alpha/ HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    ['asks for a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['asks for more', 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])(
    'R6: a client that %s before it has its answers: all of them are heard to be unwanted when it leaves',
    async (_, more) => {
      const waiting = signal();
      const withdrawn = signal();
      // The first answer is the connection's next; the second one only waits for its turn there.
      const desk = fakeDesk(({ model }, leave) => {
        if (model !== 'beta') return waitForAbort(leave);
        leave.addEventListener('abort', withdrawn.set);
        waiting.set();
        return waitForAbort(leave);
      });
      const gateway = await gatewayWith(desk);
      const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
      const [atGateway] = (await once(gateway.server, 'connection')) as [Socket];
      for (const model of ['alpha', 'beta']) {
        const body = `{"model":"${model}"}`;
        socket.write(`POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }
      await waiting.done;
      const before = atGateway.bytesRead;
      socket.write(more);
      await expect.poll(() => atGateway.bytesRead > before || atGateway.destroyed, SOON).toBe(true);
      socket.destroy();
      await withdrawn.done;
      expect(desk.granted).toBe(0);
    },
  );

  it('survives clients that reset their connection at any point', async () => {
    const upstream = await startUpstream(echo);
    const gateway = await gatewayTo(upstream);
    const body = '{"model":"alpha"}';
    const text = `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (let length = 0; length <= text.length; length += 5) {
      const socket = connect(gateway.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(text.slice(0, length), () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    await gateway.desk.allBack();
    expect((await post(`${gateway.url}/v1/completions`, body)).status).toBe(200);
  });

  it.runIf(process.platform === 'linux')('asks after a client of which nothing is heard any more', async () => {
    const gateway = await gatewayWith(nobody());
    const arrived = once(gateway.server, 'connection');
    const socket = connect(gateway.port, '127.0.0.1');
    await arrived;
    const port = gateway.port.toString(16).toUpperCase().padStart(4, '0');
    const connection = readFileSync('/proc/net/tcp', 'latin1')
      .split('\n')
      .find((line) => new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 `).test(line));
    // The kernel's own words: a timer for keep-alive runs.
    expect(connection?.trim().split(/\s+/)[5]).toMatch(/^02:/);
    socket.destroy();
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
