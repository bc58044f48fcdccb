import { expect, test } from 'vitest';
import { parseConfig, type LoadedConfig } from '../../src/config/load.ts';
import { createRelocation } from '../../src/relocation.ts';
import { createTurns } from '../../src/turns.ts';

const MODELS = 'a: {cmd: "srv ${PORT}"}, b: {cmd: "srv ${PORT}"}, written: {cmd: srv, proxy: "http://localhost:9000"}';

/** A gateway's configuration, and which ports somebody else has. */
async function create(text: string) {
  const taken = new Set<number>();
  const warnings: string[] = [];
  const isPortFree = (port: number) => !taken.has(port);
  let loaded: LoadedConfig = await parseConfig(text, { env: {}, isPortFree });
  const relocate = createRelocation({
    inTurn: createTurns(),
    loaded: () => loaded,
    runs: () => false,
    adopt: (next) => {
      loaded = next;
    },
    warn: (message) => warnings.push(message),
  });
  return { taken, warnings, relocate, ports: () => Object.fromEntries(loaded.ports), loaded: () => loaded };
}

test('a port that was taken is replaced, and that is said', async () => {
  const { taken, warnings, relocate, ports, loaded } = await create(`models: {${MODELS}}`);
  taken.add(5800);
  expect(await relocate('a', 5800)).toBe(true);
  expect(ports()).toEqual({ a: 5802, b: 5801 });
  expect(loaded().config.models.get('a')!.upstream.port).toBe(5802);
  expect(warnings).toEqual(['a: somebody else listens on port 5800; it will listen on 5802']);
});

test('several at a time, one after the other: each has another port', async () => {
  const { taken, relocate, ports } = await create(`models: {${MODELS}}`);
  taken.add(5800).add(5801).add(5803);
  // The first of them replaces what was taken of both.
  expect(await Promise.all([relocate('a', 5800), relocate('b', 5801)])).toEqual([true, true]);
  expect(ports()).toEqual({ a: 5802, b: 5804 });
});

test('an address that is written stays, and a model that nobody knows moves nowhere', async () => {
  const { relocate, loaded } = await create(`models: {${MODELS}}`);
  const before = loaded();
  expect(await Promise.all([relocate('written', 9000), relocate('nobody', 1)])).toEqual([false, false]);
  expect(loaded()).toBe(before);
});

test('where no port is left everything stays as it is', async () => {
  const { taken, relocate, ports } = await create('startPort: 65535\nmodels: {a: {cmd: "srv ${PORT}"}}');
  taken.add(65535);
  expect(await relocate('a', 65535)).toBe(false);
  expect(ports()).toEqual({ a: 65535 });
});
