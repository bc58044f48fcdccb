import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

/**
 * One channel for both standard output and standard error of a child, so that what it prints arrives in the order it
 * was printed. With a pipe for each, a crash report can overtake the lines that led to it.
 */
export interface OutputChannel {
  /** Handed to the child as its file descriptors 1 and 2; closed in this process once the child has it. */
  readonly childEnd: Socket;
  readonly reader: Socket;
}

/** @returns null where sockets cannot be a child's output; the child then gets two pipes. */
export async function openOutputChannel(): Promise<OutputChannel | null> {
  if (process.platform === 'win32') return null;
  let directory: string | null = null;
  const server: Server = createServer();
  try {
    // Node has no socketpair(2): a listener in a directory that only this user can enter makes one.
    directory = mkdtempSync(join(tmpdir(), 'llama-swap-'));
    server.listen(join(directory, 's'));
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const childEnd = connect(join(directory, 's'));
    await once(childEnd, 'connect');
    const [reader] = (await accepted) as [Socket];
    return { childEnd, reader };
  } catch {
    return null;
  } finally {
    server.close();
    if (directory) rmSync(directory, { recursive: true, force: true });
  }
}

/** Gives up a channel that no child was given. */
export function closeOutputChannel(channel: OutputChannel | null): void {
  channel?.childEnd.destroy();
  channel?.reader.destroy();
}
