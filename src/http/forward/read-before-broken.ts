import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

const PATIENT = new WeakSet<Socket>();

/**
 * Has an upstream's last words read before a write that failed ends its connection. Who refuses an upload answers and
 * hangs up, and node destroys a socket with the first failed write, unread answer and all. The news of such a write waits
 * for the end of what there is to read, which comes in any case: a connection that takes nothing more has one.
 */
export function readBeforeBroken(socket: Socket): void {
  if (PATIENT.has(socket)) return;
  PATIENT.add(socket);
  const write = socket._write.bind(socket);
  const writeMany = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done: Done) => write(chunk, encoding, patient(socket, done));
  if (writeMany) socket._writev = (chunks, done: Done) => writeMany(chunks, patient(socket, done));
}

function patient(socket: Socket, done: Done): Done {
  return (error) => {
    if (!isHangUp(error) || socket.readableEnded || socket.destroyed) {
      done(error);
      return;
    }
    const tell = (): void => {
      socket.off('end', tell).off('close', tell);
      done(error);
    };
    socket.on('end', tell).on('close', tell);
  };
}

function isHangUp(error: NodeJS.ErrnoException | null | undefined): boolean {
  return error?.code === 'ECONNRESET' || error?.code === 'EPIPE';
}
