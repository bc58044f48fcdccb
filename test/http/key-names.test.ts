import { afterEach, describe, expect, it } from 'vitest';
import type { ActivityPage } from '../../src/activity/page.ts';
import { ask, begin, CHAT, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, keyConfig, modelConfig, waitForAbort } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const ALICE = { authorization: 'Bearer sk-of-alice' };
const NOBODY = { authorization: 'Bearer sk-plain' };
const config = httpConfig([modelConfig('alpha'), modelConfig('beta')], {
  keys: [
    keyConfig('sk-of-alice', {
      name: 'alice at home',
      allowed: { models: ['alpha'], peerModels: [], peers: [], selectors: [] },
      concurrencyLimit: 1,
    }),
    'sk-plain',
  ],
  selectors: [
    {
      id: 'auto',
      strategy: 'pin',
      targets: [{ kind: 'model', model: 'alpha', name: 'alpha' }],
      spillover: 1,
      name: '',
      description: '',
      unlisted: false,
      metadata: {},
    },
  ],
  logRequests: true,
});

async function activity(gateway: FakeGateway, count: number): Promise<ActivityPage['data']> {
  const page = async (): Promise<ActivityPage> =>
    JSON.parse(
      (await ask(gateway.port, { path: '/api/metrics/activity', headers: NOBODY })).body.toString(),
    ) as ActivityPage;
  await expect.poll(async () => (await page()).total, SOON).toBe(count);
  return (await page()).data;
}

describe('X1: the name of a key', () => {
  it('X1: stands in the activity, beside what else is known, whatever became of the request', async () => {
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    await ask(gateway.port, { ...CHAT, headers: ALICE, body: '{"model":"auto"}' });
    await activity(gateway, 1);
    await ask(gateway.port, { ...CHAT, headers: ALICE, body: '{"model":"beta"}' });
    await activity(gateway, 2);
    await ask(gateway.port, { ...CHAT, headers: NOBODY });
    const [plain, refused, served] = await activity(gateway, 3);
    expect(served).toMatchObject({
      model: 'alpha',
      metadata: { key: 'alice at home', selector: 'auto', fifo_priority: '0' },
    });
    expect(refused).toMatchObject({ model: 'beta', resp_status_code: 403, metadata: { key: 'alice at home' } });
    expect(plain?.metadata).toEqual({ fifo_priority: '0' });
  });

  it('X1: stands in the list of those in flight, and with a 429 in the activity', async () => {
    const gateway = await gatewayWith(
      fakeDesk((_destination, leave) => waitForAbort(leave)),
      { config },
    );
    const req = begin(gateway.port, { ...CHAT, headers: ALICE });
    req.on('error', () => {});
    req.end(CHAT.body);
    const shown = (): unknown => gateway.observation.inFlight.snapshot();
    await expect.poll(shown, SOON).toMatchObject({ requests: [{ metadata: { key: 'alice at home' } }] });
    expect((await ask(gateway.port, { ...CHAT, headers: ALICE })).message.statusCode).toBe(429);
    expect(await activity(gateway, 1)).toMatchObject([{ resp_status_code: 429, metadata: { key: 'alice at home' } }]);
    req.destroy();
  });

  it('X1: stands in the log, of refusals too; no key does', async () => {
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    await ask(gateway.port, { ...CHAT, headers: { ...ALICE, 'x-request-id': 'one' } });
    await ask(gateway.port, { ...CHAT, headers: { ...ALICE, 'x-request-id': 'two' }, body: '{"model":"beta"}' });
    await ask(gateway.port, { ...CHAT, headers: { ...NOBODY, 'x-request-id': 'three' } });
    await ask(gateway.port, { ...CHAT, headers: { authorization: 'Bearer wrong', 'x-request-id': 'four' } });
    await expect.poll(() => gateway.log.length, SOON).toBe(4);
    const byId = (id: string): string | undefined => gateway.log.find((line) => line.endsWith(` id=${id}`));
    expect(byId('one')).toMatch(/ 200 \d+B \d+ms model=alpha key=alice at home id=one$/);
    expect(byId('two')).toMatch(/ 403 \d+B \d+ms model=- key=alice at home id=two$/);
    expect(byId('three')).toMatch(/ 200 \d+B \d+ms model=alpha id=three$/);
    expect(byId('four')).toMatch(/ 401 \d+B \d+ms model=- id=four$/);
    expect(gateway.log.join('\n')).not.toContain('sk-');
  });

  it('X1: counts its requests by status in /metrics; keys without a name have no series', async () => {
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    await ask(gateway.port, { ...CHAT, headers: ALICE });
    await ask(gateway.port, { ...CHAT, headers: ALICE });
    await ask(gateway.port, { ...CHAT, headers: ALICE, body: '{"model":"beta"}' });
    await ask(gateway.port, { ...CHAT, headers: NOBODY });
    await activity(gateway, 4);
    const { body } = await ask(gateway.port, { path: '/metrics', headers: NOBODY });
    const series = body.toString().match(/^llamaswap_requests_by_key_total.*$/gm);
    expect(series?.sort()).toEqual([
      'llamaswap_requests_by_key_total{key="alice at home",status="200"} 2',
      'llamaswap_requests_by_key_total{key="alice at home",status="403"} 1',
    ]);
  });
});
