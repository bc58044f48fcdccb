import { afterEach, describe, expect, it } from 'vitest';
import type { Control } from '../../src/http/needs.ts';
import { ask, errorIn, post } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const EVIL = 'https://evil.example';
const FRIEND = 'http://dashboard.example:3000';

async function watched(origins: readonly string[] = []): Promise<{ gateway: FakeGateway; done: unknown[] }> {
  const done: unknown[] = [];
  const control: Control = {
    unload: async (models) => void done.push(models),
    load: async (unit) => void done.push(unit),
  };
  const pins = [{ id: 'day', description: '', pins: new Map([['fast', 'alpha']]) }];
  const config = httpConfig([modelConfig('alpha')], { origins, pins });
  return { gateway: await gatewayWith(noDesk(), { config, control }), done };
}

function body(method: string): { body?: string } {
  return method === 'GET' ? {} : { body: '{"name":"day"}' };
}

const CHANGES = [
  ['POST', '/api/models/unload'],
  ['POST', '/api/models/unload/alpha'],
  ['POST', '/api/models/load/alpha'],
  ['PUT', '/api/profiles/active'],
  ['GET', '/unload'],
] as const;

describe('X2: a page of another site', () => {
  it.each(CHANGES)('cannot make a browser send %s %s', async (method, path) => {
    const { gateway, done } = await watched();
    const sites: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-site': 'cross-site', origin: EVIL },
      // Over plain HTTP browsers send no Sec-Fetch-Site.
      { origin: EVIL },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${gateway.port + 1}` },
    ];
    for (const headers of sites) {
      const { message, body: answer } = await ask(gateway.port, { method, path, headers, ...body(method) });
      expect([message.statusCode, errorIn(answer).code], JSON.stringify(headers)).toEqual([403, 'forbidden']);
    }
    expect(done).toEqual([]);
  });

  it.each(CHANGES)(
    '%s %s is for programs, for our own pages, and for origins that are allowed',
    async (method, path) => {
      const { gateway } = await watched([FRIEND]);
      const host = `127.0.0.1:${gateway.port}`;
      const sites: Record<string, string>[] = [
        {},
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'same-origin', origin: 'https://behind-a-proxy.example' },
        { origin: `http://${host}` },
        { 'sec-fetch-site': 'cross-site', origin: FRIEND },
      ];
      for (const headers of sites) {
        const { message } = await ask(gateway.port, { method, path, headers, ...body(method) });
        expect(message.statusCode, JSON.stringify(headers)).toBe(200);
      }
    },
  );

  it('may hold a link to /unload: somebody has to follow it', async () => {
    const { gateway, done } = await watched();
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-user': '?1' };
    expect((await ask(gateway.port, { path: '/unload', headers })).message.statusCode).toBe(200);
    expect(done).toEqual(['all']);
    const posted = await ask(gateway.port, { method: 'POST', path: '/api/models/unload', headers });
    expect(posted.message.statusCode).toBe(403);
  });

  it('may ask models, as ever', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const headers = { origin: EVIL, 'sec-fetch-site': 'cross-site' };
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', headers)).status).toBe(200);
  });
});

describe('X5: cors.origins', () => {
  it('lets pages of these origins read every answer, errors and answers of upstreams too', async () => {
    const config = httpConfig([modelConfig('alpha')], { origins: [FRIEND] });
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    const answers = [
      await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', { origin: FRIEND }),
      await post(`${gateway.url}/v1/completions`, '{"model":"nobody"}', { origin: FRIEND }),
      await fetch(`${gateway.url}/running`, { headers: { origin: FRIEND } }),
      await fetch(`${gateway.url}/nothing`, { headers: { origin: FRIEND } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 404]);
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe(FRIEND);
      expect(headers.get('vary')).toBe('Origin');
    }
  });

  it('says nothing to the pages of others, nor to anybody when it is empty', async () => {
    for (const origins of [[FRIEND], []]) {
      const config = httpConfig([modelConfig('alpha')], { origins });
      const gateway = await gatewayTo(await startUpstream(echo), { config });
      const { headers } = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', { origin: EVIL });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('`*` stands for every origin', async () => {
    const config = httpConfig([modelConfig('alpha')], { origins: ['*'] });
    const gateway = await gatewayWith(noDesk(), { config });
    const { headers } = await fetch(`${gateway.url}/running`, { headers: { origin: EVIL } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });

  it.each([
    ['over a connection of our own', true],
    ['through http-proxy-middleware', false],
  ])('does not get into the way of what an upstream says for itself, nor is its own lost: %s', async (_, own) => {
    const said = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x-request-id' };
    const upstream = await startUpstream(
      (req, res) => {
        const vary = req.headers['x-vary']?.toString();
        res.writeHead(200, { ...said, ...(vary !== undefined && { vary }) }).end('{}');
      },
      { ownConnections: own },
    );
    const config = httpConfig([modelConfig('alpha')], { origins: [FRIEND] });
    const gateway = await gatewayTo(upstream, { config });
    const varies: (string | null)[] = [];
    for (const vary of ['', 'Accept-Encoding', 'accept, origin']) {
      const headers = { origin: FRIEND, 'x-request-id': 'abc', ...(vary !== '' && { 'x-vary': vary }) };
      const answer = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', headers);
      expect(Object.fromEntries(answer.headers)).toMatchObject({ ...said, 'x-request-id': 'abc' });
      varies.push(answer.headers.get('vary'));
    }
    expect(varies).toEqual(['Origin', 'Accept-Encoding, Origin', 'accept, origin']);
  });
});
