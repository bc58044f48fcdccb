import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { closeGateways, startGateway, type TestGateway, textOf } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';

/** The first of some free ports. */
let first: number;
const strangers: Server[] = [];

beforeEach(async () => {
  first = await freePorts(6);
});
afterEach(closeGateways);
afterEach(() => {
  for (const stranger of strangers.splice(0)) stranger.close();
});

async function strangerAt(port: number): Promise<void> {
  const stranger = createServer().listen(port, '127.0.0.1');
  strangers.push(stranger);
  await once(stranger, 'listening');
}

function portOf(gateway: TestGateway, model: string): number {
  return gateway.config.models.get(model)!.upstream.port;
}

test('R13: a model whose port was taken by somebody else after it was given out gets another one when it starts', async () => {
  const gateway = await startGateway({ alpha: {}, beta: {} }, { startPort: first });
  await strangerAt(first);
  expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
  expect(portOf(gateway, 'alpha')).toBe(first + 2);
  expect(portOf(gateway, 'beta')).toBe(first + 1);
  const { running } = (await (await fetch(`${gateway.url}/running`)).json()) as { running: object[] };
  expect(running).toMatchObject([{ model: 'alpha', proxy: `http://127.0.0.1:${first + 2}` }]);
  // The one that runs keeps what it has.
  const models = Object.fromEntries(
    ['alpha', 'beta'].map((name) => [
      name,
      { cmd: fixture('healthy', { port: '${PORT}', name }), proxy: 'http://127.0.0.1:${PORT}' },
    ]),
  );
  expect(await gateway.reload({ startPort: first, models })).toMatchObject({ ok: true, changed: [] });
  expect(portOf(gateway, 'alpha')).toBe(first + 2);
});

test('R13: models that start together and whose ports were all taken each get another one', async () => {
  const groups = { both: { swap: false, exclusive: false, members: ['alpha', 'beta'] } };
  const gateway = await startGateway({ alpha: {}, beta: {} }, { startPort: first, groups });
  await strangerAt(first);
  await strangerAt(first + 1);
  const answers = await Promise.all(['alpha', 'beta'].map((model) => gateway.chat(model)));
  expect(await Promise.all(answers.map(textOf))).toEqual([
    expect.stringContaining('alpha'),
    expect.stringContaining('beta'),
  ]);
  expect([portOf(gateway, 'alpha'), portOf(gateway, 'beta')]).toEqual([first + 2, first + 3]);
});

test('R13: two gateways that begin at the same port do not keep each other from starting models', async () => {
  const [one, other] = [
    await startGateway({ alpha: {} }, { startPort: first }),
    await startGateway({ beta: {} }, { startPort: first }),
  ];
  expect(await textOf(await one.chat('alpha'))).toContain('alpha');
  expect(await textOf(await other.chat('beta'))).toContain('beta');
  expect([portOf(one, 'alpha'), portOf(other, 'beta')]).toEqual([first, first + 1]);
});

test('R13: a reload gives another port to a model that does not run and whose port is taken', async () => {
  const gateway = await startGateway({ alpha: {} }, { startPort: first });
  await strangerAt(first);
  const cmd = fixture('healthy', { port: '${PORT}', name: 'alpha' });
  const models = { alpha: { cmd, proxy: 'http://127.0.0.1:${PORT}' } };
  expect(await gateway.reload({ startPort: first, models })).toMatchObject({ ok: true });
  expect(portOf(gateway, 'alpha')).toBe(first + 1);
});

test("R13: the gateway's own port is not given to a model", async () => {
  const gateway = await startGateway({ alpha: {} }, { startPort: first }, { listen: `127.0.0.1:${first}` });
  expect(portOf(gateway, 'alpha')).toBe(first + 1);
});

test('R13: a model whose address is written stays where it is, and its ${PORT} with it', async () => {
  const stays = { options: { port: first + 5 }, proxy: `http://127.0.0.1:${first + 5}` };
  const cmd = `${fixture('healthy', stays.options)} --also \${PORT}`;
  const gateway = await startGateway({ alpha: { ...stays, cmd } }, { startPort: first });
  await strangerAt(first + 5);
  expect((await gateway.chat('alpha')).status).toBe(503);
  expect(gateway.config.models.get('alpha')!.argv.at(-1)).toBe(String(first));
});
