import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { createHealthProbe } from '../../../src/actors/health-probe.ts';
import { startsAlike } from '../../../src/config/changed-processes.ts';
import { createModelRegistry, type ModelRegistry } from '../../../src/actors/model-registry.ts';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, fixtureArgv } from '../../kit/processes.ts';
import { createSupervision, launchSpec, type SpecPart } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };

describe('the health probe', () => {
  const folder = temporaryFolder();
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    await assertNoProcessLeft();
  });

  /** Starts a probe of a model that a server of this test stands for. */
  function probe(part: SpecPart, adjust: (registry: ModelRegistry) => ModelRegistry = (registry) => registry) {
    const registry = adjust(createModelRegistry(new Map([['a', launchSpec('a', part)]]), startsAlike));
    const incarnation = registry.begin('a', process.pid, registry.spec('a'));
    const actor = createActor(createHealthProbe({ registry, log: LOG }), { input: { model: 'a' } }).start();
    cleanups.push(() => actor.stop());
    return { actor, incarnation, result: toPromise(actor) };
  }

  async function serve(answer: (req: IncomingMessage, res: ServerResponse) => void, host = '127.0.0.1') {
    const server = createServer(answer).listen(0, host);
    await once(server, 'listening');
    cleanups.push(
      () => closed(server),
      () => server.closeAllConnections(),
    );
    return (server.address() as { port: number }).port;
  }

  it('resolves on exactly 200: not on 204, a redirect or 503', async () => {
    const statuses = [503, 204, 302, 201, 500, 200];
    let asked = 0;
    const port = await serve((_, res) => res.writeHead(statuses[asked++] ?? 599, { location: '/ok' }).end());
    const before = Date.now();
    const { at } = await probe({ port }).result;
    expect(asked).toBe(6);
    expect(at).toBeGreaterThanOrEqual(before);
  });

  it('asks the path below the base path, with the query, as the host of the upstream', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((req, res) => {
      seen.push(req.method, req.url, req.headers.host);
      res.end();
    });
    await probe({ port, hostname: 'localhost', checkEndpoint: '/ready?full=1' }, (registry) => ({
      ...registry,
      runningSpec: (model) => {
        const spec = registry.runningSpec(model);
        return { ...spec, upstream: { ...spec.upstream, basePath: '/base' } };
      },
    })).result;
    expect(seen).toEqual(['GET', '/base/ready?full=1', `localhost:${port}`]);
  });

  for (const [host, address] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
  ] as const) {
    it(`remembers that localhost was answered by ${address}`, async () => {
      const port = await serve((_, res) => res.end(), host);
      const { result, incarnation } = probe({ port, hostname: 'localhost' });
      expect(incarnation.target.host).toBe('localhost');
      await result;
      expect(incarnation.target).toMatchObject({ host: address, port });
    });
  }

  it('R8: a health probe that never answers does not hang the start', async () => {
    let asked = 0;
    const port = await serve((_, res) => {
      if (++asked > 1) res.end();
    });
    await probe({ port }).result;
    expect(asked).toBe(2);
  });

  it('R8: a server that accepts and is silent is asked again', async () => {
    let accepted = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      if (++accepted === 2) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => closed(server));
    await probe({ port: (server.address() as { port: number }).port }).result;
    expect(accepted).toBe(2);
  });

  it('gives a slow answer more time with every try', async () => {
    const port = await freePort();
    const supervision = createSupervision(folder, {
      a: { port, argv: fixtureArgv('slow-health', { port, 'after-ms': 1_500 }) },
    });
    cleanups.push(() => supervision.close());
    const runner = supervision.runner('a');
    runner.send('process.start');
    await runner.next('process.spawned');
    const actor = createActor(createHealthProbe({ registry: supervision.registry, log: LOG }), {
      input: { model: 'a' },
    }).start();
    await toPromise(actor);
  });

  it('L1: probes again at once after output, however long it would have paused', async () => {
    let healthy = false;
    let asked = 0;
    const port = await serve((_, res) => {
      asked++;
      res.writeHead(healthy ? 200 : 503).end();
    });
    const { result, incarnation } = probe({ port });
    // Let the pauses grow to their closest limit, 50 ms.
    await until(() => asked > 12);
    const gaps: number[] = [];
    for (let i = 0; i < 5; i++) {
      const askedBefore = asked;
      const rungAt = performance.now();
      incarnation.printed(Buffer.from('a line\n'));
      await until(() => asked > askedBefore);
      gaps.push(performance.now() - rungAt);
      await until(() => asked > askedBefore + 1);
    }
    healthy = true;
    incarnation.printed(Buffer.from('ready\n'));
    await result;
    // Without the line each would wait out a pause of 50 ms.
    expect(Math.min(...gaps)).toBeLessThan(40);
  });

  it('has at most one probe in flight, and none is lost, while the process prints without end', async () => {
    let inFlight = 0;
    let most = 0;
    let asked = 0;
    let rung: () => void = () => {};
    const port = await serve((_, res) => {
      most = Math.max(most, ++inFlight);
      rung();
      setImmediate(() => {
        inFlight--;
        res.writeHead(++asked >= 20 ? 200 : 503).end();
      });
    });
    const { result, incarnation } = probe({ port });
    rung = () => incarnation.printed(Buffer.from('more\n'));
    await result;
    expect(most).toBe(1);
    expect(asked).toBe(20);
  });

  it('survives a port that is closed, and finds the server once it is there', async () => {
    const port = await freePort();
    const { result } = probe({ port });
    const server = createServer((_, res) => res.end()).listen(port, '127.0.0.1');
    cleanups.push(() => closed(server));
    await result;
  });

  it('stops asking when it is stopped, also in the middle of a probe', async () => {
    let asked = 0;
    const gone = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const port = await serve((req) => {
      asked++;
      req.once('close', gone.resolve);
      arrived.resolve();
    });
    const { actor, result } = probe({ port });
    result.catch(() => {});
    await arrived.promise;
    actor.stop();
    await gone.promise;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(asked).toBe(1);
  });

  it('R14: a path that cannot be sent breaks nothing', async () => {
    const port = await serve((_, res) => res.end());
    const { actor } = probe({ port, checkEndpoint: '/with space\u0000' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(actor.getSnapshot().status).toBe('active');
  });

  it('waits for its end when the process is already gone', async () => {
    const { actor } = probe({ port: 1 }, (registry) => ({ ...registry, current: () => null }));
    await Promise.resolve();
    expect(actor.getSnapshot().status).toBe('active');
  });
});

function closed(server: Server): Promise<unknown> {
  const end = once(server, 'close');
  server.close();
  return end;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
