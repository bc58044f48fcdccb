import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { INFERENCE_PATHS, MODEL_QUERY_PATHS } from '../../src/http/inference-paths.ts';
import { ask, errorIn } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, keyConfig, modelConfig, textLog } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** What any key is for, beside asking models. Every other route concerns everybody. */
const FOR_ALL_KEYS = new Set(['/v1/models', '/models', '/running', '/upstream', '/upstream/', '/api/version', '/log']);
const FOR_EVERYBODY = new Set(['/health', '/wol-health', '/favicon.ico', '/', '/ui']);
const PREFIXES: Readonly<Record<string, string>> = {
  '/upstream': 'GET /upstream/alpha/props',
  '/comfyui': 'GET /comfyui/',
  '/logs/stream': 'GET /logs/stream/alpha',
  '/api/models/unload': 'POST /api/models/unload/alpha',
  '/api/models/load': 'POST /api/models/load/alpha',
  '/ui': 'GET /ui/models',
};

/** The routes as the list of them has them: `GET /running`. */
function routes(): string[] {
  const app = readFileSync(new URL('../../src/http/app.ts', import.meta.url), 'utf8');
  const listed = [...app.matchAll(/method: '(\w+)', path: '([^']+)'/g)].map(([, method, path]) => `${method} ${path}`);
  const mounted = [...app.matchAll(/app\.use\('([^']+)'/g)].map(([, prefix = '']) => PREFIXES[prefix] ?? prefix);
  return [...listed, ...mounted];
}

const isForModels = (path: string): boolean =>
  /^\/(?:upstream\/alpha|comfyui\/)/.test(path) ||
  [...INFERENCE_PATHS, ...MODEL_QUERY_PATHS].some((one) => one === path);

async function gateway(isAdmin: boolean) {
  const upstream = keep(await startUpstream(echo));
  const operations: unknown[] = [];
  const note = (...what: unknown[]): Promise<void> => Promise.resolve(void operations.push(what));
  const config = httpConfig([modelConfig('alpha'), modelConfig('comfyui_auto')], {
    keys: [keyConfig('k', { name: 'guest', isAdmin })],
    pins: [{ id: 'day', description: '', pins: new Map([['x', 'alpha']]) }],
    origins: ['https://chat.example'],
  });
  const started = await gatewayWith(
    fakeDesk(() => upstream.upstream),
    {
      config,
      control: { unload: note, load: note },
      reload: () => note('reload').then(() => ({ ok: true, changed: [], problems: [] })),
      logs: {
        proxy: textLog('secret'),
        upstream: textLog('secret'),
        combined: textLog('secret'),
        of: () => textLog('secret'),
      },
    },
  );
  return { ...started, operations };
}

describe('X1: a key without admin', () => {
  it('X1: is refused wherever it concerns everybody; each route has been thought of', async () => {
    const { port, operations, desk } = await gateway(false);
    const all = routes();
    expect(all.length).toBeGreaterThan(30);
    const refused: string[] = [];
    const expected: string[] = [];
    for (const route of all) {
      const [method = '', path = ''] = route.split(' ');
      if (FOR_ALL_KEYS.has(path) || FOR_EVERYBODY.has(path) || path.startsWith('/ui') || isForModels(path)) continue;
      expected.push(route);
      const { message, body } = await ask(port, {
        method,
        path: path.replace(':id', '1'),
        headers: { 'x-api-key': 'k' },
      });
      if (message.statusCode === 403 && errorIn(body).code === 'admin_required') refused.push(route);
    }
    expect(refused).toEqual(expected);
    expect(refused.length).toBeGreaterThan(18);
    expect([operations, desk.asked]).toEqual([[], []]);
  });

  it.each([...FOR_ALL_KEYS].filter((path) => path !== '/log'))('X1: may use %s', async (path) => {
    const { port } = await gateway(false);
    expect((await ask(port, { path, headers: { 'x-api-key': 'k' } })).message.statusCode).toBe(200);
  });

  it('X1: may ask models', async () => {
    const { port } = await gateway(false);
    const headers = { 'x-api-key': 'k' };
    const body = '{"model":"alpha"}';
    for (const path of INFERENCE_PATHS) {
      expect((await ask(port, { method: 'POST', path, headers, body })).message.statusCode).toBe(200);
    }
    for (const path of [
      ...MODEL_QUERY_PATHS.map((path) => `${path}?model=alpha`),
      '/upstream/alpha/props',
      '/comfyui/',
    ]) {
      expect((await ask(port, { path, headers })).message.statusCode).toBe(200);
    }
  });

  it('X1: HEAD is no way around it, nor is a page of an origin that is allowed', async () => {
    const { port } = await gateway(false);
    const headers = { 'x-api-key': 'k', origin: 'https://chat.example' };
    for (const [method, path] of [
      ['HEAD', '/logs'],
      ['HEAD', '/logs/stream'],
      ['HEAD', '/api/captures/1'],
      ['HEAD', '/unload'],
      ['POST', '/api/models/unload'],
      ['PUT', '/api/profiles/active'],
    ] as const) {
      expect((await ask(port, { method, path, headers })).message.statusCode).toBe(403);
    }
  });

  it('X1: the error has the shape of OpenAI', async () => {
    const { port } = await gateway(false);
    const { body } = await ask(port, { path: '/metrics', headers: { 'x-api-key': 'k' } });
    expect(errorIn(body)).toEqual({
      message: expect.stringContaining('admin') as string,
      type: 'authentication_error',
      param: null,
      code: 'admin_required',
    });
  });
});

it('X1: a key with admin may do all of it, but for pages of other sites', async () => {
  const { port, operations } = await gateway(true);
  const headers = { 'x-api-key': 'k' };
  for (const [method, path, body] of [
    ['POST', '/api/models/unload', ''],
    ['POST', '/api/models/load/alpha', ''],
    ['POST', '/api/config/reload', ''],
    ['PUT', '/api/profiles/active', '{"name":"day"}'],
    ['GET', '/metrics', ''],
    ['GET', '/logs', ''],
    ['GET', '/api/queue', ''],
    ['GET', '/api/metrics/activity', ''],
  ] as const) {
    expect((await ask(port, { method, path, headers, body })).message.statusCode).toBe(200);
  }
  expect(operations).toHaveLength(3);
  const foreign = { ...headers, origin: 'https://evil.example' };
  const { message, body } = await ask(port, { method: 'POST', path: '/api/models/unload', headers: foreign });
  expect([message.statusCode, errorIn(body).code]).toEqual([403, 'forbidden']);
});
