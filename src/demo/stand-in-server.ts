import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createStandIn } from './create-stand-in.ts';

/**
 * A stand-in model server as a program:
 *
 *     node src/demo/stand-in-server.ts --port 9001 --name alpha --load-seconds 2 --tokens-per-second 30
 *
 * It listens on 127.0.0.1 at once and "loads" for the time given, with a line of progress every tenth of the way.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    name: { type: 'string', default: 'stand-in' },
    'load-seconds': { type: 'string', default: '0' },
    'tokens-per-second': { type: 'string', default: '30' },
  },
});

const port = readNumber('--port', values.port);
const name = values.name;
const loadMs = readNumber('--load-seconds', values['load-seconds']) * 1000;
const tokensPerSecond = readNumber('--tokens-per-second', values['tokens-per-second']);

let loaded = false;
const server = createStandIn({ name, tokensPerSecond, isLoaded: () => loaded });
server.on('error', (error) => {
  console.error(`${name}: cannot listen: ${error.message}`);
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => void load());

process.on('SIGTERM', () => {
  console.log(`${name}: told to stop`);
  process.exit(0);
});

async function load(): Promise<void> {
  console.log(`${name}: a stand-in model server, no real model is loaded`);
  const steps = loadMs > 0 ? 10 : 0;
  for (let step = 1; step <= steps; step++) {
    await delay(loadMs / steps);
    if (step < steps) console.log(`${name}: loading ${step * 10} %`);
  }
  loaded = true;
  console.log(`${name}: ready`);
}

function readNumber(option: string, text: string | undefined): number {
  const number = Number(text);
  if (text !== undefined && text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  console.error(`${option} must be a number`);
  return process.exit(2);
}
