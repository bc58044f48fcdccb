import { describe, expect, it } from 'vitest';
import { createPeerDesk } from '../../../src/dispatch/peer-desk.ts';
import type { PeerDesk, PeerUpstream } from '../../../src/dispatch/peer-desk.ts';
import type { PeerConfig } from '../../../src/config/types.ts';
import { peerConfig } from '../../http/fake-gateway.ts';

/** Longer than any test. */
const LONG_MS = 60_000;

function desk(...peers: PeerConfig[]): { desk: PeerDesk; closed: number[] } {
  const closed: number[] = [];
  const connect = ({ upstream }: PeerConfig): PeerUpstream =>
    ({ close: () => closed.push(upstream.port) }) as unknown as PeerUpstream;
  return { desk: createPeerDesk(asMap(peers), connect), closed };
}

function asMap(peers: readonly PeerConfig[]): ReadonlyMap<string, PeerConfig> {
  return new Map(peers.map((peer) => [peer.id, peer]));
}

const east = peerConfig('east', ['a'], 1);

describe('a shutdown', () => {
  it('waits for what is in flight, lends nothing more, then ends the connections', async () => {
    const { desk: peers, closed } = desk(east);
    const lease = peers.acquire('east');
    let halted = false;
    const halting = peers.halt(LONG_MS).then(() => (halted = true));
    expect(() => peers.acquire('east')).toThrow('shutting down');
    await Promise.resolve();
    expect(halted).toBe(false);
    expect(closed).toEqual([]);
    lease.release();
    await halting;
    expect(closed).toEqual([1]);
  });

  it('does not wait longer than it is told', async () => {
    const { desk: peers, closed } = desk(east);
    peers.acquire('east');
    await peers.halt(1);
    expect(closed).toEqual([1]);
  });

  it('has nothing to wait for when nothing is lent, also the second time', async () => {
    const { desk: peers } = desk(east);
    peers.acquire('east').release();
    await peers.halt(LONG_MS);
    await peers.halt(LONG_MS);
  });
});

describe('a reload', () => {
  it('keeps the connections of a peer whose address is the same', () => {
    const { desk: peers, closed } = desk(east);
    const before = peers.acquire('east').upstream;
    peers.adopt(asMap([peerConfig('east', ['a', 'b'], 1, { apiKey: 'k' })]));
    expect(peers.acquire('east').upstream).toBe(before);
    expect(closed).toEqual([]);
  });

  it('lets a request end on the peer that it began on', () => {
    const { desk: peers, closed } = desk(east);
    const lease = peers.acquire('east');
    peers.adopt(asMap([peerConfig('east', ['a'], 2)]));
    expect(peers.acquire('east').upstream).not.toBe(lease.upstream);
    expect(closed).toEqual([]);
    lease.release();
    lease.release();
    expect(closed).toEqual([1]);
  });

  it('knows no peer that is gone', () => {
    const { desk: peers, closed } = desk(east);
    peers.adopt(new Map());
    expect(closed).toEqual([1]);
    expect(() => peers.acquire('east')).toThrow('no longer configured');
  });
});
