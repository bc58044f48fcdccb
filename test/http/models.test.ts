import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../machines/shared/phase.ts';
import type { CapabilitiesConfig, Config, SelectorConfig } from '../../src/config/types.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import type { ActivePins } from '../../src/dispatch/pins.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import { noDesk } from './samples.ts';

const { gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

interface Row {
  readonly id: string;
  readonly created: number;
  readonly name?: string;
  readonly status: { value: string };
  readonly meta: { llamaswap: Record<string, unknown>; n_ctx?: number };
  readonly [field: string]: unknown;
}

interface Situation {
  readonly phases?: Record<string, Phase>;
  readonly pins?: ActivePins;
}

async function list(config: Config, { phases = {}, pins = createActivePins() }: Situation = {}): Promise<Row[]> {
  const board = { phaseOf: (id: string): Phase => phases[id] ?? 'stopped', failureOf: () => null, actors: () => [] };
  const gateway = await gatewayWith(noDesk(), { config, board, pins });
  const response = await fetch(`${gateway.url}/v1/models`);
  return ((await response.json()) as { data: Row[] }).data;
}

function can(more: Partial<CapabilitiesConfig>): CapabilitiesConfig {
  return { in: [], out: [], tools: false, reranker: false, context: 0, ...more };
}

function selector(id: string, strategy: SelectorConfig['strategy'], models: readonly string[]): SelectorConfig {
  const targets = models.map((model) => ({ kind: 'model', model, name: model }) as const);
  return {
    id,
    strategy,
    targets,
    spillover: 3,
    name: ' Auto ',
    description: '',
    unlisted: false,
    metadata: { by: 'me', type: 'x' },
  };
}

describe('/v1/models lists', () => {
  it('nothing as a list', async () => {
    expect(await list(httpConfig([]))).toEqual([]);
  });

  it('everything by id', async () => {
    const config = httpConfig([modelConfig('m'), modelConfig('hidden', { unlisted: true })], {
      peers: [peerConfig('z', ['b', 'a'], 1)],
      selectors: [selector('auto', 'pin', ['m']), { ...selector('secret', 'pin', ['m']), unlisted: true }],
    });
    const rows = await list(config);
    expect(rows.map(({ id }) => id)).toEqual(['auto', 'm', 'z/a', 'z/b']);
    expect(new Set(rows.map(({ created }) => created)).size).toBe(1);
    for (const row of rows) expect(row).toMatchObject({ object: 'model', owned_by: 'llama-swap' });
  });

  it('D10: `created` is the same in every answer', async () => {
    const config = httpConfig([modelConfig('m')]);
    expect((await list(config))[0]?.created).toBe((await list(config))[0]?.created);
  });

  it('a model as loaded in every state but stopped', async () => {
    const models = ['stopped', 'starting', 'health-checking', 'ready', 'stopping'] as const;
    const phases = Object.fromEntries(models.map((phase) => [phase, phase]));
    const rows = await list(httpConfig(models.map((id) => modelConfig(id))), { phases });
    expect(rows.filter(({ status }) => status.value === 'unloaded').map(({ id }) => id)).toEqual(['stopped']);
  });

  it('aliases when that is asked for: the data of the model, a type of their own', async () => {
    const model = modelConfig('m', {
      aliases: ['a'],
      name: 'M',
      metadata: { family: 'x' },
      capabilities: can({ context: 8 }),
    });
    const plain = httpConfig([model], { includeAliasesInList: true });
    // The names in setParamsByID are aliases too.
    const config = { ...plain, aliases: new Map([...plain.aliases, ['m:hi', 'm']]) };
    const rows = await list(config, { phases: { m: 'ready' } });
    expect(rows.map(({ id }) => id)).toEqual(['a', 'm', 'm:hi']);
    for (const id of ['a', 'm:hi']) {
      expect(rows.find((row) => row.id === id)).toMatchObject({
        name: 'M',
        status: { value: 'loaded' },
        context_length: 8,
        meta: { llamaswap: { family: 'x', type: 'alias', modelID: 'm' }, n_ctx: 8 },
      });
    }
    expect(rows[1]?.meta.llamaswap).toEqual({ family: 'x', type: 'model', aliases: ['a', 'm:hi'] });
    expect((await list({ ...config, includeAliasesInList: false })).map(({ id }) => id)).toEqual(['m']);
  });

  it('a name of two peers and a model three times: as itself and in full', async () => {
    const peers = [peerConfig('east', ['m'], 1), peerConfig('west', ['m'], 2)];
    const rows = await list(httpConfig([modelConfig('m')], { peers }));
    expect(rows.map(({ id }) => id)).toEqual(['east/m', 'm', 'west/m']);
    expect(rows[0]).toMatchObject({
      name: 'east: m',
      status: { value: 'unloaded' },
      meta: { llamaswap: { type: 'peer', peerID: 'east' } },
    });
  });

  it('a selector with its strategy and targets; its metadata does not overwrite them', async () => {
    const [row] = await list(httpConfig([], { selectors: [selector('auto', 'spillover', ['a', 'b'])] }));
    expect(row).toMatchObject({ id: 'auto', name: 'Auto' });
    expect(row).not.toHaveProperty('description');
    expect(row?.meta.llamaswap).toEqual({
      by: 'me',
      type: 'selector',
      strategy: 'spillover',
      targets: ['a', 'b'],
      spillover: 3,
    });
  });

  it.each([
    ['warm', 'ready', 'loaded'],
    ['warm', 'starting', 'loaded'],
    ['warm', 'stopping', 'unloaded'],
    ['pin', 'ready', 'unloaded'],
  ] as const)('a selector (%s) whose second target is %s as %s', async (strategy, phase, value) => {
    const config = httpConfig([], { selectors: [selector('auto', strategy, ['a', 'b'])] });
    expect((await list(config, { phases: { b: phase } }))[0]?.status).toEqual({ value });
  });

  it('the pins of the active profile that are new names', async () => {
    const pins = createActivePins();
    const targets = { fast: 'm', m: 'm', alias: 'm', auto: 'm', gpt: 'm', both: 'm', off: null };
    const config = httpConfig([modelConfig('m', { aliases: ['alias'] })], {
      pins: [{ id: 'day', description: '', pins: new Map(Object.entries(targets)) }],
      selectors: [selector('auto', 'pin', ['m'])],
      peers: [peerConfig('east', ['gpt', 'both'], 1), peerConfig('west', ['both'], 2)],
    });
    const idsOf = async (): Promise<string[]> =>
      (await list(config, { pins })).filter(({ meta }) => meta.llamaswap['type'] === 'profile').map(({ id }) => id);
    expect(await idsOf()).toEqual([]);
    pins.activate('day');
    expect(await idsOf()).toEqual(['both', 'fast']);
  });
});

describe('capabilities', () => {
  async function row(capabilities: CapabilitiesConfig | null, metadata: Record<string, unknown> = {}): Promise<Row> {
    const [only] = await list(httpConfig([modelConfig('m', { capabilities, metadata })]));
    if (only === undefined) throw new Error('no row');
    return only;
  }

  it.each<[Partial<CapabilitiesConfig>, string[]]>([
    [{}, []],
    [{ in: ['text'], out: ['text'] }, []],
    [{ in: ['text', 'image'], out: ['text'] }, ['vision']],
    [{ in: ['audio'], out: ['text'] }, ['audio_transcriptions']],
    [{ in: ['text'], out: ['audio'] }, ['audio_speech']],
    [{ in: ['text'], out: ['image'] }, ['image_generation']],
    [{ in: ['image'], out: ['image'] }, ['vision', 'image_to_image']],
    [{ tools: true }, ['function_calling']],
    [{ reranker: true }, ['reranker']],
  ])('%o: %o', async (more, expected) => {
    const { capabilities } = await row(can(more));
    expect(capabilities).toEqual(
      expected.length === 0 ? undefined : Object.fromEntries(expected.map((name) => [name, true])),
    );
  });

  it('say modalities, parameters and context', async () => {
    const full = await row(can({ in: ['text', 'image'], out: ['text', 'audio'], tools: true, context: 4096 }));
    expect(full).toMatchObject({
      architecture: {
        input_modalities: ['text', 'image'],
        output_modalities: ['text', 'audio'],
        modality: 'text+image->text+audio',
      },
      supported_parameters: ['tools', 'tool_choice'],
      context_length: 4096,
      meta: { n_ctx: 4096 },
    });
    expect((await row(can({ in: ['text'] })))['architecture']).toEqual({ input_modalities: ['text'] });
    const bare = await row(can({}));
    for (const field of ['architecture', 'supported_parameters', 'context_length'])
      expect(bare).not.toHaveProperty(field);
    expect(bare.meta).not.toHaveProperty('n_ctx');
  });

  it('speak instead of metadata of the same names, which pass through without them', async () => {
    const metadata = { architecture: 'mine', capabilities: 1, supported_parameters: [], context_length: 2, other: 3 };
    expect((await row(can({}), metadata)).meta.llamaswap).toEqual({ other: 3, type: 'model', aliases: [] });
    expect((await row(null, metadata)).meta.llamaswap).toEqual({ ...metadata, type: 'model', aliases: [] });
  });
});
