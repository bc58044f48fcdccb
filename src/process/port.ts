import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type PortState =
  | 'free'
  | 'taken'
  /** The host is not this machine's loopback: nothing can be said. */
  | 'unknown';

/** A local listener accepts at once; one that does not is there, but overrun. */
const CONNECT_TIMEOUT_MS = 500;
/** A listener that was killed a moment ago is gone after a few of these. */
const RETRY_MS = [5, 10, 20, 40, 80];

/**
 * Asks by connecting, not by binding: a bind beside a wildcard listener succeeds on some systems, and it could take
 * the port from somebody who is about to use it.
 */
export async function portState(hostname: string, port: number): Promise<PortState> {
  const addresses = loopbackAddresses(hostname);
  if (addresses === null) return 'unknown';
  const answers = await Promise.all(addresses.map((address) => accepts(address, port)));
  return answers.includes(true) ? 'taken' : 'free';
}

/** As {@link portState}, but gives a holder that is just ending up to 155 ms. */
export async function awaitFreePort(hostname: string, port: number): Promise<PortState> {
  for (const delayMs of RETRY_MS) {
    const state = await portState(hostname, port);
    if (state !== 'taken') return state;
    await pause(delayMs);
  }
  return portState(hostname, port);
}

/**
 * Where a server that is reached through this hostname can listen on this machine.
 *
 * @returns null when the hostname is not local.
 */
export function loopbackAddresses(hostname: string): readonly string[] | null {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '0.0.0.0' || host === '::' || host === '*') return ['127.0.0.1', '::1'];
  if (host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return [host];
  return null;
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const answer = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => answer(true));
    // A connection to a free port in the ephemeral range can meet itself.
    socket.once('connect', () => answer(socket.localPort !== port || socket.localAddress !== address));
    socket.on('error', () => answer(false));
  });
}
