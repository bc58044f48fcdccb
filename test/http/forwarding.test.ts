import { Agent } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, post } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream as startAnyUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

const WAYS = [
  ['over a connection of our own', true],
  ['through http-proxy-middleware', false],
] as const;

describe.each(WAYS)('%s: the hot path', (_, ownConnections) => {
  const startUpstream: typeof startAnyUpstream = (listener, options) =>
    startAnyUpstream(listener, { ...options, ownConnections });

  it('passes the request on byte for byte and the answer back', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const body = '{ "seed": 12345678901234567890, "model":"alpha" , "messages":[]}';
    const response = await post(`${gateway.url}/v1/chat/completions?a=1&b=%2F`, body);
    expect(response.status).toBe(200);
    const seen = (await response.json()) as Echo;
    expect(seen.body).toBe(body);
    expect(seen.url).toBe('/v1/chat/completions?a=1&b=%2F');
    expect(seen.headers['host']).toBe(`127.0.0.1:${gateway.port}`);
    expect(seen.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(seen.headers['content-length']).toBe(String(body.length));
    expect(gateway.desk.asked).toEqual([{ unit: 'model:alpha', model: 'alpha' }]);
    await gateway.desk.allBack();
  });

  it('X4: a JSON body is JSON whatever its content type says', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/JSON', 'multipart/form-data']) {
      const response = await post(`${gateway.url}/v1/chat/completions`, ' \n{"model":"alpha"}', {
        'content-type': type,
      });
      expect(response.status).toBe(200);
    }
  });

  it('takes the own prefixes off the path', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const voice = (await (await post(`${gateway.url}/audioapi/v1/tasks/run`, '{"model":"alpha"}')).json()) as Echo;
    expect(voice.url).toBe('/v1/tasks/run');
    const chat = (await (await post(`${gateway.url}/v/chat/completions?x=1`, '{"model":"alpha"}')).json()) as Echo;
    expect(chat.url).toBe('/chat/completions?x=1');
  });

  it('finds the model of a GET in the query', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const seen = (await (await fetch(`${gateway.url}/props?model=beta&x=1`)).json()) as Echo;
    expect(seen).toMatchObject({ method: 'GET', url: '/props?model=beta&x=1', body: '' });
    expect(seen.headers).not.toHaveProperty('content-length');
    expect(gateway.desk.asked[0]?.model).toBe('beta');
  });

  it('replaces the model name in place: useModelName, a profile prefix; an alias goes on as it came', async () => {
    const config = httpConfig(
      [
        modelConfig('alpha', { aliases: ['a-one'] }),
        modelConfig('beta', { useModelName: 'org/be"ta' }),
        modelConfig('gamma', { aliases: ['g'] }),
      ],
      { profiles: [{ id: 'coding', members: ['alpha', 'beta'] }] },
    );
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    const sent = async (model: string): Promise<string> => {
      const body = `{"x":[1, 2],"model" : "${model}","y":"ü"}`;
      const seen = (await (await post(`${gateway.url}/v1/completions`, body)).json()) as Echo;
      expect(seen.headers['content-length']).toBe(String(seen.body.length));
      return Buffer.from(seen.body, 'latin1').toString();
    };
    expect(await sent('a-one')).toBe('{"x":[1, 2],"model" : "a-one","y":"ü"}');
    expect(await sent('coding:a-one')).toBe('{"x":[1, 2],"model" : "alpha","y":"ü"}');
    expect(await sent('coding/alpha')).toBe('{"x":[1, 2],"model" : "alpha","y":"ü"}');
    expect(await sent('beta')).toBe('{"x":[1, 2],"model" : "org/be\\"ta","y":"ü"}');
    expect(gateway.desk.asked.map(({ unit }) => unit)).toEqual([
      'model:alpha',
      'profile:coding',
      'profile:coding',
      'model:beta',
    ]);
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"coding:gamma"}')).status).toBe(404);
  });

  it('R15: a form keeps the order, types and bytes of its parts when the model name is replaced', async () => {
    const config = httpConfig([modelConfig('whisper', { useModelName: 'large-v3' })]);
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    const form = (model: string): string =>
      [
        '--XX\r\nContent-Disposition: form-data; name="file"; filename="model"\r\nContent-Type: audio/wav\r\n\r\n',
        '\x00\xff--X\r\nbytes\r\n',
        '--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n',
        `${model}\r\n--XX\r\nContent-Disposition: form-data; name="language"\r\n\r\nde\r\n--XX--\r\n`,
      ].join('');
    const response = await post(`${gateway.url}/v1/audio/transcriptions`, Buffer.from(form('whisper'), 'latin1'), {
      'content-type': 'multipart/form-data; boundary=XX',
    });
    expect(((await response.json()) as Echo).body).toBe(form('large-v3'));
  });

  it('finds the model of a url-encoded form', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const response = await post(`${gateway.url}/v1/audio/speech`, 'input=a+b&model=al%70ha', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(((await response.json()) as Echo).body).toBe('input=a+b&model=al%70ha');
  });

  it('appends to X-Forwarded-For, and passes Authorization and cookies on', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', {
      'x-forwarded-for': '10.0.0.1',
      authorization: 'Bearer for-the-upstream',
      cookie: 'a=1',
    });
    expect(((await response.json()) as Echo).headers).toMatchObject({
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      authorization: 'Bearer for-the-upstream',
      cookie: 'a=1',
    });
  });

  it('removes hop-by-hop headers in both directions', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { connection: 'x-hop, close', 'x-hop': '1', 'keep-alive': 'timeout=1', 'x-stays': '1' });
      res.end(JSON.stringify(_req.headers));
    });
    const gateway = await gatewayTo(upstream);
    const answer = await ask(gateway.port, {
      method: 'POST',
      path: '/v1/completions',
      headers: { connection: 'x-mine, keep-alive', 'x-mine': '1', te: 'trailers, deflate', 'proxy-authorization': 'x' },
      body: '{"model":"alpha"}',
    });
    const seen = JSON.parse(answer.body.toString()) as Record<string, string>;
    expect(seen).not.toHaveProperty('x-mine');
    expect(seen).not.toHaveProperty('proxy-authorization');
    expect(seen['te']).toBe('trailers');
    expect(answer.message.headers).not.toHaveProperty('x-hop');
    expect(answer.message.headers['x-stays']).toBe('1');
    expect(answer.message.headers.connection).toBe('keep-alive');
  });

  it('closes the connection for a client that asks for it', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const answer = await ask(gateway.port, {
      method: 'POST',
      path: '/v1/completions',
      headers: { connection: 'close' },
      body: '{"model":"alpha"}',
    });
    expect(answer.message.headers.connection).toBe('close');
  });

  it('joins the base path of the upstream', async () => {
    const gateway = await gatewayTo(await startUpstream(echo, { pathname: '/base' }));
    const seen = (await (await post(`${gateway.url}/v1/completions?x=1`, '{"model":"alpha"}')).json()) as Echo;
    expect(seen.url).toBe('/base/v1/completions?x=1');
  });

  it('passes statuses, compressed answers, cookies and redirects through as they are', async () => {
    const packed = gzipSync('packed');
    const upstream = await startUpstream((req, res) => {
      if (req.headers['x-case'] === 'redirect') {
        res.writeHead(307, { location: 'http://elsewhere.invalid/' }).end();
        return;
      }
      res.writeHead(418, { 'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2'] });
      res.end(packed);
    });
    const gateway = await gatewayTo(upstream);
    const teapot = await ask(gateway.port, { method: 'POST', path: '/v1/completions', body: '{"model":"alpha"}' });
    expect(teapot.message.statusCode).toBe(418);
    expect(teapot.message.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(gunzipSync(teapot.body).toString()).toBe('packed');
    const redirect = await ask(gateway.port, {
      method: 'POST',
      path: '/v1/completions',
      headers: { 'x-case': 'redirect' },
      body: '{"model":"alpha"}',
    });
    expect(redirect.message.statusCode).toBe(307);
    expect(redirect.message.headers.location).toBe('http://elsewhere.invalid/');
  });

  it('carries large bodies in both directions', async () => {
    const upstream = await startUpstream((req, res) => {
      void bodyOf(req).then((body) => res.end(body));
    });
    const config = httpConfig([modelConfig('alpha', { useModelName: 'omega' })]);
    const gateway = await gatewayTo(upstream, { config });
    const blob = Buffer.alloc(16 * 1024 * 1024, 'x').toString();
    const response = await post(`${gateway.url}/v1/embeddings`, `{"input":"${blob}","model":"alpha"}`);
    expect(await response.text()).toBe(`{"input":"${blob}","model":"omega"}`);
  });
});

describe.each(WAYS)('%s: streaming', (_, ownConnections) => {
  const startUpstream: typeof startAnyUpstream = (listener, options) =>
    startAnyUpstream(listener, { ...options, ownConnections });

  it('flushes headers at once and server-sent events chunk by chunk', async () => {
    let next: (() => void) | undefined;
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      res.flushHeaders();
      let sent = 0;
      next = () => {
        sent += 1;
        res.write(`data: ${sent}\n\n`);
        if (sent === 3) res.end('data: [DONE]\n\n');
      };
    });
    const gateway = await gatewayTo(upstream);
    // Each chunk is only made when the one before has arrived: any buffering would be a deadlock.
    const response = await post(`${gateway.url}/v1/chat/completions`, '{"model":"alpha","stream":true}');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const reader = response.body!.getReader();
    for (let chunk = 1; chunk <= 3; chunk += 1) {
      next?.();
      const { value } = await reader.read();
      expect(Buffer.from(value ?? []).toString()).toContain(`data: ${chunk}\n\n`);
    }
  });

  it('does not queue the 257th request behind 256 running ones', async () => {
    const waiting: (() => void)[] = [];
    const upstream = await startUpstream((_req, res) => {
      waiting.push(() => res.end('done'));
      if (waiting.length === 300) for (const finish of waiting) finish();
    });
    const gateway = await gatewayTo(upstream);
    const agent = new Agent({ maxSockets: Infinity });
    // The upstream answers nobody until it has all 300, so a cap anywhere on the way would hang here.
    const answers = await Promise.all(
      Array.from({ length: 300 }, () =>
        ask(gateway.port, { method: 'POST', path: '/v1/completions', body: '{"model":"alpha"}', agent }),
      ),
    );
    expect(answers.every(({ message }) => message.statusCode === 200)).toBe(true);
    agent.destroy();
  });

  it('reuses the upstream connection for bodies that came in chunks, read or streamed', async () => {
    const upstream = await startUpstream(echo);
    const gateway = await gatewayTo(upstream);
    // Bodies that are read go over connections of their own.
    for (const [number, path] of ['/v1/completions', '/upstream/alpha/v1/completions'].entries()) {
      for (let turn = 0; turn < 5; turn += 1) {
        const answer = await ask(gateway.port, {
          method: 'POST',
          path,
          headers: { 'transfer-encoding': 'chunked' },
          body: '{"model":"alpha"}',
        });
        expect((JSON.parse(answer.body.toString()) as Echo).body).toBe('{"model":"alpha"}');
        await gateway.desk.allBack();
      }
      expect(upstream.connections()).toBe(ownConnections ? number + 1 : 1);
    }
  });
});
