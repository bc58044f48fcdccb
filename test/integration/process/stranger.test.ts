import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { createHealthProbe } from '../../../src/actors/health-probe.ts';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, awaitListening, eventually, fixture, fixtureArgv } from '../../kit/processes.ts';
import { createSupervision, type Supervision } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('whoever answers the health check', () => {
  const folder = temporaryFolder();
  const gateways: Supervision[] = [];
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.close();
    await assertNoProcessLeft();
  });

  /** A gateway with one model, whose process is started. */
  async function gatewayWith(port: number, argv: string[]) {
    const gateway = createSupervision(folder, { a: { port, argv } });
    gateways.push(gateway);
    const runner = gateway.runner('a');
    runner.send('process.start');
    await runner.next('process.spawned');
    return { gateway, runner };
  }

  function probe({ registry, messages }: Supervision) {
    const note = (message: string): void => void messages.push(message);
    const log = { debug: note, info: note, warn: note, error: note };
    const actor = createActor(createHealthProbe({ registry, log }), { input: { model: 'a' } }).start();
    return { actor, ready: toPromise(actor) };
  }

  it('R13: is not the process of another gateway that took the port first; the model is ready when its own listens', async () => {
    const port = await freePort();
    // Its server is a child that cannot listen as long as somebody else does.
    const server = `until test -e ${join(folder, 'go')} && ${fixture('healthy', { port, name: 'late' })}; do sleep 0.02; done`;
    const late = await gatewayWith(port, ['sh', '-c', server]);
    const first = await gatewayWith(port, [...fixtureArgv('healthy', { port }), '--log-health']);
    await awaitListening(port);
    writeFileSync(join(folder, 'go'), '');

    const { actor, ready } = probe(late.gateway);
    const times = (): number => first.gateway.output().split('asked for its health').length - 1;
    await eventually(() => times() > 3, 'some health checks');
    expect(actor.getSnapshot().status).toBe('active');
    expect(
      late.gateway.messages.filter((message) => message.includes('answered by a process of another gateway')),
    ).toHaveLength(1);

    first.runner.send('process.terminate');
    await first.runner.next('process.exited');
    await ready;
    expect(await (await fetch(`http://127.0.0.1:${port}/v1/models`)).text()).toContain('"late"');
  });

  it('may have left the group of its model, and have no parent any more', async () => {
    const port = await freePort();
    const daemon = fixture('daemon', { port, 'pid-file': join(folder, 'daemon') });
    const { gateway } = await gatewayWith(port, ['sh', '-c', `${daemon}; sleep 1000`]);
    await probe(gateway).ready;
  });

  it('may be a sister, which can listen for several models', async () => {
    const port = await freePort();
    const elsewhere = { port: await freePort(), argv: fixtureArgv('healthy', { port }) };
    const gateway = createSupervision(folder, { a: { port, argv: ['sleep', '1000'] }, b: elsewhere });
    gateways.push(gateway);
    for (const name of ['a', 'b']) {
      const runner = gateway.runner(name);
      runner.send('process.start');
      await runner.next('process.spawned');
    }
    await probe(gateway).ready;
  });

  it('may be a program that no gateway has started, as a container is', async () => {
    const port = await freePort();
    const { gateway } = await gatewayWith(port, ['sleep', '1000']);
    const container = createServer((_, res) => res.end()).listen(port, '127.0.0.1');
    await once(container, 'listening');
    await probe(gateway).ready;
    container.close();
  });
});
