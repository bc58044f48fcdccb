import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/**
 * The smallest model server there can be: it listens, "loads" for a while, and then answers every request with its
 * name. `--talkative` prints a line when it is ready, as nearly every real one does.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    name: { type: 'string', default: '' },
    'load-ms': { type: 'string', default: '0' },
    talkative: { type: 'boolean', default: false },
  },
});

let loaded = false;
const server = createServer((req, res) => {
  req.resume();
  res.writeHead(loaded ? 200 : 503, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ name: values.name }));
});
server.listen(Number(values.port), '127.0.0.1', () => void load());

async function load(): Promise<void> {
  const loadMs = Number(values['load-ms']);
  if (loadMs > 0) await delay(loadMs);
  loaded = true;
  if (values.talkative) console.log('ready');
}
