import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import { ask } from '../http/ask.ts';
import { fakeDesk, startGateway } from '../http/fake-gateway.ts';
import { echo, startUpstream } from '../http/fake-upstream.ts';
import type { FakeUpstream } from '../http/fake-upstream.ts';

const MODELS = ['m0', 'm1', 'm2'];
const ALIASES = ['a0', 'a1', 'a2'];
const AT_PEER = ['p/f0', 'p/f1'];
/** The peer lists these itself: nothing that is written can lead to them, but keys. */
const DISCOVERED = ['p/d0', 'p/d1'];
const SELECTORS = ['s0', 's1'];
const TARGETS = [...MODELS, ...ALIASES, ...AT_PEER, 'f0'];
const NAMES = [...TARGETS, ...SELECTORS];
const PROFILES = ['g0', 'g1'];

interface World {
  readonly selectors: Readonly<Record<string, readonly string[]>>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly pins: Readonly<Record<string, string>>;
  readonly allowed: readonly string[];
}

const some = (from: readonly string[]) => fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 3 });
const worlds: fc.Arbitrary<World> = fc.record({
  selectors: fc.record({ s0: some(TARGETS), s1: some(TARGETS) }),
  groups: fc.record({ g0: some(MODELS), g1: some(MODELS) }),
  pins: fc.dictionary(
    fc.constantFrom('x0', 'x1', ...MODELS, ...ALIASES, ...SELECTORS, 'f0'),
    fc.constantFrom(...NAMES),
    { minKeys: 1, maxKeys: 4 },
  ),
  allowed: fc.uniqueArray(fc.constantFrom(...NAMES, ...DISCOVERED, ...PROFILES, 'day', 'p'), { maxLength: 3 }),
});

/** What a name that is no selector means: `m0`, `p/f0`. */
function meaning(name: string): string {
  if (name.startsWith('a')) return `m${name.slice(1)}`;
  return ['f0', 'd0'].includes(name) ? `p/${name}` : name;
}

/** What the key opens, worked out without the program: models, and selectors that are named. */
function opened({ allowed, groups, pins }: World): Set<string> {
  const all = allowed.flatMap((name) => {
    if (name === 'day') return Object.values(pins);
    return name === 'p' ? [...AT_PEER, ...DISCOVERED] : (groups[name] ?? [name]);
  });
  return new Set(all.map(meaning));
}

/** Which models may answer to a name; null = nobody may be asked. */
function answering(world: World, name: string): readonly string[] | null {
  const [group = '', member] = name.split(':');
  const open = opened(world);
  if (member !== undefined) {
    const members = world.groups[group] ?? [];
    return members.every((one) => open.has(one)) ? [meaning(member)] : null;
  }
  const meant = meaning(world.pins[name] ?? name);
  const targets = world.selectors[meant]?.map(meaning);
  const ends = targets === undefined || open.has(meant) ? (targets ?? [meant]) : targets.filter((one) => open.has(one));
  const may = targets !== undefined && open.has(meant) ? ends : ends.filter((one) => open.has(one));
  return may.length === 0 ? null : may;
}

describe('X1: whatever a configuration has, and whatever is asked', () => {
  let upstream: FakeUpstream;
  let peer: FakeUpstream;
  let atPeer: string[] = [];

  beforeAll(async () => {
    upstream = await startUpstream(echo);
    peer = await startUpstream((req, res) => {
      if (req.url === '/v1/models') {
        res.end(JSON.stringify({ data: [{ id: 'd0' }, { id: 'd1' }] }));
        return;
      }
      req.on('data', (body: Buffer) => atPeer.push(`p/${(JSON.parse(body.toString()) as { model: string }).model}`));
      req.on('end', () => res.end('{}'));
    });
  });

  afterAll(async () => {
    await upstream.close();
    await peer.close();
  });

  it('X1/D10: a key reaches what it is for and nothing else, by every name, and is shown what it reaches', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { config } = await parseConfig({
          models: Object.fromEntries(MODELS.map((id, at) => [id, { cmd: 'x --port ${PORT}', aliases: [`a${at}`] }])),
          peers: {
            p: { proxy: `http://127.0.0.1:${peer.upstream.target.port}`, models: ['f0', 'f1'], discover: true },
          },
          selectors: Object.fromEntries(
            Object.entries(world.selectors).map(([id, targets]) => [id, { strategy: 'pin', targets }]),
          ),
          profiles: { ...world.groups, day: { pins: world.pins } },
          apiKeys: [{ key: 'k', models: world.allowed }],
        });
        const pins = createActivePins();
        pins.activate('day');
        const desk = fakeDesk(() => upstream.upstream);
        const gateway = await startGateway(desk, { config, pins });
        const headers = { 'x-api-key': 'k' };
        const inGroups = Object.entries(world.groups).flatMap(([id, members]) => members.map((one) => `${id}:${one}`));
        try {
          const reached: string[] = [];
          for (const name of new Set([...NAMES, ...DISCOVERED, 'd0', ...Object.keys(world.pins), ...inGroups])) {
            const before = desk.asked.length;
            atPeer = [];
            const body = JSON.stringify({ model: name });
            const { message } = await ask(gateway.port, { method: 'POST', path: '/v1/completions', headers, body });
            const asked = [...desk.asked.slice(before).map(({ model }) => model), ...atPeer];
            const may = answering(world, name);
            expect([name, message.statusCode]).toEqual([name, may === null ? 403 : 200]);
            expect(asked).toEqual(may === null ? [] : [may[0]]);
            if (may !== null) reached.push(name);
          }
          const { body } = await ask(gateway.port, { path: '/v1/models', headers });
          const { data } = JSON.parse(body.toString()) as { data: { id: string }[] };
          const listed = data.map(({ id }) => id);
          const own = [...MODELS, ...AT_PEER, ...DISCOVERED, ...SELECTORS, 'x0', 'x1'];
          expect(listed.filter((name) => !reached.includes(name))).toEqual([]);
          expect(own.filter((name) => reached.includes(name) && !listed.includes(name))).toEqual([]);
        } finally {
          await gateway.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
