import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * One pipe for both standard output and standard error of a child, so that what it prints arrives in the order it was
 * printed. With one for each, a crash report can overtake the lines that led to it. Node's own would be sockets, and
 * those a script cannot open as `/dev/stderr`.
 */
export interface OutputChannel {
  /** Handed to the child as its file descriptors 1 and 2. */
  readonly childEnd: number;
  readonly reader: Socket;
  /** To be called once the child has its end, or will not get it. */
  closeChildEnd(): void;
}

interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Node has no pipe(2), and to start `mkfifo` takes 2 ms: one start in so many waits for it, while its port is checked. */
const BATCH = 16;

/** Pipes of this whole program that no child has been given. Their names are gone, so nothing is left of them. */
const stock: Pipe[] = [];
let making: Promise<void> | null = null;

/** @returns null where there are no named pipes; the child then gets what node has, for each output. */
export async function openOutputChannel(): Promise<OutputChannel | null> {
  let pipe = stock.pop();
  while (pipe === undefined) {
    making ??= makePipes().finally(() => {
      making = null;
    });
    try {
      await making;
    } catch {
      return null;
    }
    pipe = stock.pop();
  }

  const { readEnd, writeEnd } = pipe;
  let isOpen = true;
  return {
    childEnd: writeEnd,
    reader: new Socket({ fd: readEnd, readable: true, writable: false }),
    closeChildEnd() {
      if (isOpen) closeSync(writeEnd);
      isOpen = false;
    },
  };
}

/** Gives up a channel that no child was given. */
export function closeOutputChannel(channel: OutputChannel | null): void {
  channel?.closeChildEnd();
  channel?.reader.destroy();
}

async function makePipes(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'llama-swap-'));
  try {
    const names = Array.from({ length: BATCH }, (_, index) => join(directory, String(index)));
    const maker = spawn('mkfifo', ['-m', '600', ...names], { stdio: 'ignore', windowsHide: true });
    const [code] = (await once(maker, 'exit')) as [number | null];
    if (code !== 0) throw new Error('mkfifo failed');
    for (const name of names) stock.push(openPipe(name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openPipe(name: string): Pipe {
  // Without O_NONBLOCK it would wait for somebody who writes, who in turn needs no such thing.
  const readEnd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { readEnd, writeEnd: openSync(name, constants.O_WRONLY) };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}
