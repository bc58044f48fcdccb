import type { ServerResponse } from 'node:http';

/**
 * Ends an answer in the middle, so that nobody takes it for a whole one. In HTTP/1.0 an answer ends with its connection,
 * which therefore has to be reset; TLS tells one that was cut from one that was ended, and has no reset.
 */
export function breakOff(res: ServerResponse): void {
  const { socket } = res;
  // It waits for its turn behind other answers; node would write what there is of it then, and nothing more.
  if (socket === null && !res.writableFinished) res.once('socket', (late) => void late.destroy());
  const isOld = res.req.httpVersionMinor === 0;
  if (isOld && socket !== null && !('encrypted' in socket) && !res.writableFinished) socket.resetAndDestroy();
  res.destroy();
}
