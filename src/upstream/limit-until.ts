import type { Socket } from 'node:net';

/** Ends a socket that does not reach an event in time, with `ETIMEDOUT`. @param limitMs 0 = no limit */
export function limitUntil(socket: Socket, event: string, limitMs: number, message: string): void {
  if (limitMs === 0) return;
  const timer = setTimeout(
    () => void socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' })),
    limitMs,
  );
  const stop = (): void => clearTimeout(timer);
  socket.once(event, stop);
  socket.once('close', stop);
}
