import { afterEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { closeGateways, startGateway, type TestGateway, textOf } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';

afterEach(closeGateways);

/** For `expect.poll`: a second is short on a machine that others use too. */
const SOON = { timeout: 10_000, interval: 10 };

interface Kept {
  readonly gateway: TestGateway;
  /** What the log says about the preload, line by line. */
  preloads(): string[];
  /** Reads a configuration again whose models differ from those of the start as is said here. */
  reload(changes: Changes): Promise<void>;
}

interface Changes {
  readonly preload?: readonly string[];
  /** Further words for the command of a model, or another program in place of it. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly models?: readonly string[];
}

/** A gateway with models that may all run together, unless they are told to take turns. */
async function keep(names: readonly string[], { takeTurns = false, ...first }: Changes & { takeTurns?: boolean }) {
  const startPort = await freePorts(8);
  const configOf = ({ preload = [], commands = {}, models = names }: Changes) => ({
    startPort,
    models: Object.fromEntries(
      models.map((name) => {
        const cmd = commands[name] ?? fixture('healthy', { port: '${PORT}', name });
        return [name, { cmd, proxy: 'http://127.0.0.1:${PORT}' }];
      }),
    ),
    ...(!takeTurns && { groups: { together: { swap: false, members: models } } }),
    hooks: { on_startup: { preload } },
  });
  const lines: string[] = [];
  const gateway = await startGateway({}, configOf(first), { print: (line) => void lines.push(line) });
  const kept: Kept = {
    gateway,
    preloads: () => lines.flatMap((line) => /preload: .*/.exec(line)?.[0] ?? []),
    async reload(changes) {
      expect(await gateway.reload(configOf(changes))).toMatchObject({ ok: true });
    },
  };
  return kept;
}

const renewed = (name: string, options = {}) =>
  fixture('healthy', { port: '${PORT}', name: `new-${name}`, ...options });

const starts = (gateway: TestGateway): string[] => gateway.life().filter((step) => step.endsWith(' starting'));

describe('preload after a reload', () => {
  test('loads what is new to the list or has changed, one after the other; what goes on undisturbed goes on', async () => {
    const { gateway, preloads, reload } = await keep(['alpha', 'beta', 'gamma', 'delta'], {
      preload: ['alpha', 'beta'],
    });
    await expect.poll(() => preloads().length, SOON).toBe(2);
    await gateway.ready('delta');
    const stream = await gateway.chat('alpha', { stream: true, chunks: 100, chunk_delay_ms: 10 });
    const before = gateway.life().length;

    await reload({
      preload: ['gamma', 'beta', 'alpha', 'omega'],
      commands: { beta: renewed('beta') },
      models: ['alpha', 'beta', 'gamma', 'delta', 'omega'],
    });
    await expect.poll(() => preloads().length, SOON).toBe(5);
    expect(preloads().slice(2)).toEqual([
      'preload: gamma is ready',
      'preload: beta is ready',
      'preload: omega is ready',
    ]);
    const after = gateway.life().slice(before);
    expect(after.filter((step) => step.endsWith(' ready'))).toEqual(['gamma ready', 'beta ready', 'omega ready']);
    expect(after.filter((step) => step.endsWith(' stopped'))).toEqual(['beta stopped']);
    expect((await stream.text()).match(/^data: \{/gm)).toHaveLength(100);
    expect(await textOf(await gateway.chat('beta'))).toContain('new-beta');
  });

  test('makes way for everybody: a model that is used is not evicted for it, and is when nobody uses it', async () => {
    const { gateway, preloads, reload } = await keep(['alpha', 'beta'], { takeTurns: true });
    const stream = await gateway.chat('alpha', { stream: true, chunks: 1_000_000, chunk_delay_ms: 5 });
    const reader = stream.body!.getReader();
    await reload({ preload: ['beta'] });
    for (let request = 0; request < 20; request += 1) {
      expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
      await reader.read();
    }
    expect(starts(gateway)).toEqual(['alpha starting']);
    await reader.cancel();
    await gateway.reaches('beta', 'ready');
    await expect.poll(() => preloads(), SOON).toEqual(['preload: beta is ready']);
    expect(gateway.life()).toContain('alpha stopped');
  });

  test('begins anew with a newer reload: what that does not want is left, what it mended is tried again', async () => {
    const broken = fixture('never-healthy', { port: '${PORT}' });
    const { gateway, preloads, reload } = await keep(['alpha', 'beta', 'gamma'], {
      preload: ['alpha', 'beta', 'gamma'],
      commands: { alpha: broken },
    });
    await gateway.reaches('alpha', 'health-checking');
    await reload({ preload: ['alpha', 'gamma'], commands: { alpha: renewed('alpha') } });
    // Nobody would wait the two minutes that a start may take.
    await gateway.reaches('gamma', 'ready');
    await expect.poll(() => preloads(), SOON).toEqual(['preload: alpha is ready', 'preload: gamma is ready']);
    expect(await textOf(await gateway.chat('alpha'))).toContain('new-alpha');
    expect(starts(gateway)).toEqual(['alpha starting', 'alpha starting', 'gamma starting']);
  });

  test('loads nothing for a reload that concerns nothing of the list', async () => {
    const { gateway, preloads, reload } = await keep(['alpha', 'beta'], { preload: ['alpha'] });
    await expect.poll(() => preloads().length, SOON).toBe(1);
    await fetch(`${gateway.url}/unload`);
    await reload({ preload: ['alpha'], commands: { beta: renewed('beta') } });
    await reload({ preload: ['alpha', 'beta'], commands: { beta: renewed('beta') } });
    await gateway.reaches('beta', 'ready');
    expect(starts(gateway), 'what somebody has unloaded stays so').toEqual(['alpha starting', 'beta starting']);
  });
});
