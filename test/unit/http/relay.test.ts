import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import type { FlightWatch } from '../../../src/http/forward/flight.ts';
import { type Carrier, relay, type Relay } from '../../../src/http/forward/relay.ts';
import { exchangeBegins, exchangeEnds } from '../../../src/write-together.ts';

const HEAD = { status: 200, reason: '', headers: [] };

/** A try whose response and carrier only write down what happens to them. */
function attempt(watched: Partial<FlightWatch> = {}) {
  const told: string[] = [];
  const tell = (what: string) => (): void => void told.push(what);
  const res = Object.assign(new EventEmitter(), {
    req: { httpVersionMinor: 1 },
    writeHead: tell('head'),
    write: (bytes: Buffer) => told.push(`write ${bytes.toString()}`) > 0,
    end: (last?: Buffer) => told.push(`end ${last?.toString() ?? ''}`),
    flushHeaders: tell('flush'),
    destroy: tell('destroy'),
  });
  // As a connection does: whoever aborts an exchange is told of its end.
  const carrier: Carrier = { pause() {}, resume() {}, abort: (sink, error) => sink.failed(error) };
  let to: Relay | null = null;
  const payload = { pieces: [Buffer.from('body')] };
  const outcome = relay({
    res: res as unknown as ServerResponse,
    payload,
    watch: {
      takeOver: null,
      leaves: tell('leaves'),
      answered: tell('answered'),
      passed: tell('passed'),
      wasCut: tell('was cut'),
      ...watched,
    },
    responseHeaderMs: 0,
    depart(relayed) {
      to = relayed;
      relayed.leaves();
      return carrier;
    },
  });
  return { told, res, outcome, payload, to: () => to! };
}

/** So many exchanges that writes are made together. */
async function inACrowd(run: () => Promise<void>): Promise<void> {
  for (let other = 0; other < 10; other += 1) exchangeBegins();
  await run().finally(() => {
    for (let other = 0; other < 10; other += 1) exchangeEnds();
  });
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

it('a client that leaves in the middle of an answer is not taken for an upstream that broke off', async () => {
  const { told, res, outcome, to } = attempt();
  to().head(HEAD);
  to().piece(Buffer.from('half'));
  res.emit('close');
  expect(await outcome).toBe('over');
  expect(told).toEqual(['leaves', 'head', 'answered', 'passed', 'write half']);
  expect(res.listenerCount('close')).toBe(0);
});

it('an upstream that breaks off after its head breaks the response; before it, there is an error to answer', async () => {
  const cut = attempt();
  cut.to().head(HEAD);
  cut.to().failed(new Error('gone'));
  expect(await cut.outcome).toBe('cut');
  expect(cut.told.slice(-2)).toEqual(['was cut', 'destroy']);

  const refused = attempt();
  refused.to().failed(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
  expect(await refused.outcome).toMatchObject({ code: 'upstream_unreachable' });
  expect(refused.told).toEqual(['leaves']);
});

it('a head that cannot be written is no answer: the body is still there for another try', async () => {
  const { told, res, outcome, payload, to } = attempt();
  res.writeHead = () => {
    throw new RangeError('no such status');
  };
  expect(() => to().head({ ...HEAD, status: 99 })).toThrow(RangeError);
  to().failed(Object.assign(new Error('malformed'), { code: 'ERR_MALFORMED_ANSWER' }));
  expect(await outcome).toMatchObject({ code: 'upstream_closed' });
  expect(payload.pieces).toHaveLength(1);
  expect(told).toEqual(['leaves']);
});

it('an operator may interrupt it as long as there is no answer', async () => {
  let interrupt: (error: GatewayError) => void = () => {};
  const { outcome, told, to } = attempt({ leaves: (given) => (interrupt = given) });
  interrupt(new GatewayError('request_cancelled', 'Enough.'));
  expect(await outcome).toMatchObject({ code: 'request_cancelled' });

  const answered = attempt({ leaves: (given) => (interrupt = given) });
  answered.to().head(HEAD);
  interrupt(new GatewayError('request_cancelled', 'Enough.'));
  answered.to().end(null);
  expect(await answered.outcome).toBe('over');
  expect(told).toEqual([]);
  expect(to()).not.toBe(answered.to());
});

it('the body goes to whoever takes the answer over, and no head to the response', async () => {
  const taken: string[] = [];
  const recipient = new Writable({
    write: (bytes: Buffer, _encoding, done) => done(void taken.push(bytes.toString())),
    final: (done) => done(void taken.push('end')),
  });
  const { told, outcome, to } = attempt({ takeOver: () => recipient });
  to().head(HEAD);
  to().waits();
  to().piece(Buffer.from('a'));
  to().end(Buffer.from('b'));
  expect(await outcome).toBe('over');
  expect(taken).toEqual(['a', 'b', 'end']);
  expect(told).toEqual(['leaves', 'answered', 'passed', 'passed']);
});

it('in a crowd, a client that leaves before the end of the turn is written to no more', async () => {
  await inACrowd(async () => {
    const { told, res, outcome, to } = attempt();
    to().head(HEAD);
    to().end(Buffer.from('all'));
    res.emit('close');
    await endOfTurn();
    expect(await outcome).toBe('over');
    expect(told).toEqual(['leaves', 'head', 'answered', 'passed']);
  });
});

it('in a crowd, an answer is over when it is written, and not before', async () => {
  await inACrowd(async () => {
    const { told, outcome, to } = attempt();
    to().head(HEAD);
    to().end(Buffer.from('all'));
    to().waits();
    expect(told).not.toContain('end all');
    expect(await outcome).toBe('over');
    expect(told).toEqual(['leaves', 'head', 'answered', 'passed', 'end all']);
  });
});
