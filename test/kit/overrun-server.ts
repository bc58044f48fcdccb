import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** So many connections are more than the server's queue takes. */
export const OVERRUN = 6;

/** A server whose process stands still and whose queue is short: after a few connections nobody gets in. */
export async function startOverrunServer(): Promise<{ port: number; stop(): Promise<void> }> {
  const script = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  return {
    port: Number(line.toString()),
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
