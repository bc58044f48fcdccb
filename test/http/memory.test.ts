import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { begin, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import { startUpstream } from './fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it('the body of a request is not kept while its answer streams', async () => {
  const upstream = await startUpstream((req, res) => {
    req.on('end', () => res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()).resume();
  });
  const config = httpConfig([modelConfig('alpha', { useModelName: 'omega' })]);
  const gateway = await gatewayTo(upstream, { config });
  const size = 32 * 1024 * 1024;
  const req = begin(gateway.port, { method: 'POST', path: '/v1/completions' }).on('error', () => {});
  // Written piece by piece, so that the test itself holds none of it.
  req.write('{"model":"alpha","x":"');
  const piece = Buffer.alloc(64 * 1024, 'x');
  for (let sent = 0; sent < size; sent += piece.length) if (!req.write(piece)) await once(req, 'drain');
  req.end('"}');
  const [message] = (await once(req, 'response')) as [IncomingMessage];
  message.on('error', () => {});
  await expect
    .poll(() => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    }, SOON)
    .toBeLessThan(size / 2);
  expect(gateway.desk.held()).toBe(1);
  req.destroy();
});
