import { readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import { descendantsOf } from './kill-tree.ts';
import { gatewayOf } from './mark.ts';
import { allPids, hasProcfs } from './proc-stat.ts';

/** Processes looked at before other work gets a turn. */
const SLICE = 32;
/** The state of a socket that listens, as the kernel writes it. */
const LISTENS = '0A';
/**
 * A row of the kernel's table. Those who listen come first, and whoever reads more at once makes the kernel look through its
 * table of connections for the rest: 10 ms where there is much memory and nobody is connected.
 */
const ROW_BYTES = 150;

export interface Listener {
  /** By the name under which file descriptors show it; null where none is seen. */
  readonly socket: string | null;
  /** It is held by a process that another gateway has started. */
  readonly isStranger: boolean;
}

/**
 * Who listens on an address of this machine. A stranger carries the mark of another gateway. Who cannot be seen or carries
 * none (a container, somebody else's program) is not called one, nor is a sister: one program can listen for several models,
 * as an ssh with forwarded ports does.
 *
 * @param address the IP address that answers
 * @param leader a process of ours that is meant to listen there, by itself or through its descendants
 */
export async function listenerOf(address: string, port: number, leader: number): Promise<Listener> {
  const socket = hasProcfs ? await socketOf(address, port) : null;
  return { socket, isStranger: socket !== null && (await isHeldByStranger(socket, leader)) };
}

async function isHeldByStranger(socket: string, leader: number): Promise<boolean> {
  if (holds(leader, socket) || descendantsOf(leader).some(({ pid }) => holds(pid, socket))) return false;
  const own = gatewayOf(leader);
  if (own === null) return false;
  let looked = 0;
  for (const pid of allPids()) {
    if (++looked % SLICE === 0) await breathe();
    const gateway = gatewayOf(pid);
    if (gateway !== null && holds(pid, socket)) return gateway !== own;
  }
  return false;
}

async function socketOf(address: string, port: number): Promise<string | null> {
  const place = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  if (!isIPv4(address)) return findSocket('tcp6', (local) => local.endsWith(place));
  const host = Buffer.from(address.split('.').map(Number));
  if (endianness() === 'LE') host.reverse();
  const locals = new Set([host.toString('hex').toUpperCase(), '00000000'].map((hex) => hex + place));
  return (
    (await findSocket('tcp', (local) => locals.has(local))) ?? findSocket('tcp6', (local) => local.endsWith(place))
  );
}

async function findSocket(table: 'tcp' | 'tcp6', isMeant: (local: string) => boolean): Promise<string | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(`/proc/self/net/${table}`);
    const buffer = Buffer.alloc(ROW_BYTES);
    let rest = '';
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, ROW_BYTES);
      const rows = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = rows.pop() ?? '';
      for (const row of rows) {
        const [index, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
        if (index === 'sl') continue;
        if (state !== LISTENS) return null;
        if (isMeant(local)) return `socket:[${inode}]`;
      }
      if (bytesRead === 0) return null;
    }
  } catch {
    return null;
  } finally {
    await file?.close();
  }
}

function holds(pid: number, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`) === socket);
  } catch {
    return false;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
