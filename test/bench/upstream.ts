import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

/**
 * The smallest model server there can be: it listens, "loads" for a while, and then answers every request with its
 * name and process id. `--talkative` prints a line when it is ready, as nearly every real one does. With `--on-demand`
 * it loads until somebody asks for `/load`.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    name: { type: 'string', default: '' },
    'load-ms': { type: 'string', default: '0' },
    'service-ms': { type: 'string', default: '0' },
    'on-demand': { type: 'boolean', default: false },
    talkative: { type: 'boolean', default: false },
  },
});

let loaded = false;
const serviceMs = Number(values['service-ms']);
const answer = JSON.stringify({ name: values.name, pid: process.pid });
const server = createServer((req, res) => {
  req.resume();
  if (req.url === '/load') load();
  const reply = () => res.writeHead(loaded ? 200 : 503, { 'content-type': 'application/json' }).end(answer);
  if (serviceMs > 0 && req.method === 'POST') setTimeout(reply, serviceMs);
  else reply();
});
server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
  const loadMs = Number(values['load-ms']);
  if (values['on-demand']) return;
  if (loadMs > 0) setTimeout(load, loadMs);
  else load();
});

function load(): void {
  loaded = true;
  if (values.talkative) console.log('ready');
}
