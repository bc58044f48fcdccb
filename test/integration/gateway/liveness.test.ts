import { afterEach, describe, expect, test } from 'vitest';
import { closeGateways, type FixtureModel, startGateway, type TestGateway, textOf } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';

afterEach(closeGateways);

/** For `expect.poll`: a second is short on a machine that others use too. */
const SOON = { timeout: 10_000, interval: 10 };

interface Watched {
  readonly gateway: TestGateway;
  readonly lines: string[];
  /** Stops the process of alpha in its tracks: it is there, its connections too, and it does nothing any more. */
  freeze(): void;
}

async function watched(model: FixtureModel): Promise<Watched> {
  const lines: string[] = [];
  const gateway = await startGateway(
    { alpha: { unloadTimeout: 0.2, ...model } },
    { logToStdout: 'both' },
    { print: (line) => void lines.push(line) },
  );
  return {
    gateway,
    lines,
    freeze() {
      const pids = [...lines.join('').matchAll(/alpha: started, pid (\d+)/g)];
      process.kill(Number(pids.at(-1)?.[1]), 'SIGSTOP');
    },
  };
}

const starts = (gateway: TestGateway): number => gateway.life().filter((step) => step === 'alpha starting').length;

/** A stream that goes on until somebody ends it. */
async function endless(gateway: TestGateway): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await gateway.chat('alpha', { stream: true, chunks: 1_000_000, chunk_delay_ms: 10 });
  const reader = response.body!.getReader();
  await reader.read();
  return reader;
}

async function readToTheEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

interface Entry {
  readonly resp_status_code: number;
  readonly error_msg: string;
}

async function activity(gateway: TestGateway): Promise<readonly Entry[]> {
  const page = (await (await fetch(`${gateway.url}/api/metrics/activity`)).json()) as { data: Entry[] };
  return page.data;
}

describe('liveness.every', () => {
  test('R9: a model that hangs after it was ready is noticed, and is back for the next request', async () => {
    const { gateway, freeze } = await watched({ liveness: { every: 0.05, timeout: 1 } });
    await gateway.ready('alpha');
    freeze();
    await gateway.reaches('alpha', 'stopped');
    expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    expect(starts(gateway)).toBe(2);
  });

  test('R9: is switched on by a reload for a model that is ready', async () => {
    const { gateway, freeze } = await watched({});
    await gateway.ready('alpha');
    const { port } = gateway.config.models.get('alpha')!.upstream;
    const cmd = fixture('healthy', { port: '${PORT}', name: 'alpha' });
    const alpha = {
      cmd,
      proxy: 'http://127.0.0.1:${PORT}',
      unloadTimeout: 0.2,
      liveness: { every: 0.05, timeout: 1 },
    };
    expect(await gateway.reload({ startPort: port, models: { alpha } })).toMatchObject({ ok: true, changed: [] });
    freeze();
    await gateway.reaches('alpha', 'stopped');
  });
});

describe('liveness.stall', () => {
  test('R9: a model that hangs in the middle of its answers: they are cut and recorded, and it is ended and started anew', async () => {
    const { gateway, lines, freeze } = await watched({ liveness: { stall: 1, timeout: 0.3 } });
    const [first, second] = [await endless(gateway), await endless(gateway)];
    freeze();
    await expect(readToTheEnd(first)).rejects.toThrow(/terminated|aborted/);
    await expect(readToTheEnd(second)).rejects.toThrow(/terminated|aborted/);
    await gateway.reaches('alpha', 'stopped');
    expect(lines.join('')).toContain('alpha: nothing came for 1 s in the middle of an answer, which is cut');
    await expect
      .poll(() => activity(gateway), SOON)
      .toMatchObject([
        { resp_status_code: 502, error_msg: 'In the middle of the answer nothing came for 1 s.' },
        { resp_status_code: 502, error_msg: 'In the middle of the answer nothing came for 1 s.' },
      ]);
    expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    expect(starts(gateway)).toBe(2);
  });

  test('R9: a model that still answers lives: only the answer that has stalled is cut', async () => {
    const { gateway, lines } = await watched({ options: { 'log-health': true }, liveness: { stall: 1, timeout: 10 } });
    const questions = (): number => lines.join('').split('asked for its health').length - 1;
    const other = await endless(gateway);
    const stalling = await gateway.chat('alpha', { stream: true, chunks: 2, chunk_delay_ms: 3_600_000 });
    const before = questions();
    await expect(stalling.text()).rejects.toThrow(/terminated|aborted/);
    await expect.poll(questions, SOON).toBe(before + 1);
    for (let chunk = 0; chunk < 50; chunk += 1) expect((await other.read()).done).toBe(false);
    await other.cancel();
    expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    expect(gateway.life()).not.toContain('alpha stopping');
  });

  test('R9: without a health endpoint the answer is cut, and nobody is asked', async () => {
    const { gateway, freeze } = await watched({ checkEndpoint: 'none', liveness: { stall: 1 } });
    await expect.poll(async () => (await gateway.chat('alpha')).status, SOON).toBe(200);
    const reader = await endless(gateway);
    freeze();
    await expect(readToTheEnd(reader)).rejects.toThrow(/terminated|aborted/);
    expect(gateway.life()).not.toContain('alpha stopping');
  });
});
