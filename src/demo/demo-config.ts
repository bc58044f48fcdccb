import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../config/input.ts';

/** The stand-in server beside this file: a .ts in a checkout, a .js where the project is built. */
const STAND_IN = fileURLToPath(import.meta.url).replace(/demo-config(\.[jt]s)$/, 'stand-in-server$1');

/**
 * What the gateway serves when it is given no configuration: three stand-in model servers, as a YAML file would
 * describe them. Plain data for the same loader that reads files.
 */
export function demoConfig(): ConfigInput {
  return {
    models: {
      'demo-chat-small': {
        name: 'Demo chat, small',
        description: 'A stand-in chat server that needs 1 s to load',
        cmd: command({ loadSeconds: 1, tokensPerSecond: 40 }),
        aliases: ['small'],
        ttl: 600,
      },
      'demo-chat-large': {
        name: 'Demo chat, large',
        description: 'A stand-in chat server that needs 3 s to load',
        cmd: command({ loadSeconds: 3, tokensPerSecond: 15 }),
        aliases: ['large'],
        ttl: 600,
      },
      'demo-embed': {
        name: 'Demo embeddings and rerank',
        description: 'A stand-in that makes vectors and ranks documents by hashing words',
        cmd: command({ loadSeconds: 1, tokensPerSecond: 40 }),
        aliases: ['embed'],
        ttl: 600,
      },
    },
    profiles: { rag: ['demo-chat-small', 'demo-embed'] },
  };
}

function command(speed: { loadSeconds: number; tokensPerSecond: number }): string {
  return [
    quoted(process.execPath),
    quoted(STAND_IN),
    '--name ${MODEL_ID} --port ${PORT}',
    `--load-seconds ${speed.loadSeconds} --tokens-per-second ${speed.tokensPerSecond}`,
  ].join(' ');
}

/** For the splitting of commands: POSIX takes single quotes literally, Windows knows double quotes only. */
function quoted(path: string): string {
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
