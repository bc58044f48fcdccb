import type { UpstreamTimeouts } from '../config/types.ts';

/** llama-server, uvicorn and Node close after 5 s; a server that waits longer loses nothing by this. */
const DEFAULT_IDLE_MS = 4_000;
/** How long before the announced end a connection is given up. */
const MARGIN_MS = 1_000;

/** @returns how long (ms) a connection may be free, given how long the server says that it waits; 0 or less: not at all. */
export function createIdleLimit({ idleConnectionMs }: UpstreamTimeouts): (announcedMs: number | null) => number {
  const usualMs = Math.min(DEFAULT_IDLE_MS, idleConnectionMs || DEFAULT_IDLE_MS);
  return (announcedMs) => (announcedMs === null ? usualMs : Math.min(usualMs, announcedMs - MARGIN_MS));
}

/** The `Keep-Alive` among headers as they came, name and value in turn; '' when there is none. */
export function keepAliveIn(rawHeaders: readonly string[]): string {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 10 && name.toLowerCase() === 'keep-alive') return rawHeaders[at + 1] ?? '';
  }
  return '';
}

/** The `timeout` of a `Keep-Alive` header, in milliseconds; null when there is none. */
export function announcedIdleMs(keepAlive: string): number | null {
  const seconds = /(?:^|[\s,])timeout=(\d+)/i.exec(keepAlive)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** Of silence, before TCP asks whether the other side is there. */
export function tcpKeepAliveMs({ keepAliveMs }: UpstreamTimeouts): number {
  return keepAliveMs || 30_000;
}
