import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { runErrand } from '../../../src/http/deliver/admission.ts';
import type { Errand } from '../../../src/http/deliver/admission.ts';
import type { HttpDeps } from '../../../src/http/deps.ts';
import type { Outcome } from '../../../src/http/forward/flight.ts';
import { fakeDesk } from '../../http/fake-gateway.ts';
import type { FakeDesk } from '../../http/fake-gateway.ts';

function errand(res: object): Errand {
  return {
    req: new EventEmitter() as unknown as IncomingMessage,
    res: Object.assign(new EventEmitter(), res) as unknown as ServerResponse,
    destination: { unit: 'model:alpha', model: 'alpha' },
    payload: { pieces: [] },
  };
}

function depsWith(desk: FakeDesk): HttpDeps {
  const watch = { mayGoOn: () => true, wait: () => null, served() {}, flight: () => null };
  return { desk, watch, logger: { info() {}, warn() {}, error() {} } } as unknown as HttpDeps;
}

const upstream = { isEnding: () => false } as never;

describe('runErrand', () => {
  it('does not ask for a model when the client is gone already: its "close" would never be heard of', async () => {
    const desk = fakeDesk(() => upstream);
    await runErrand(errand({ closed: true }), depsWith(desk), () => Promise.resolve('over' as Outcome));
    expect(desk.asked).toHaveLength(0);
  });

  it('gives the lease back when forwarding fails in a way that nobody foresaw', async () => {
    const desk = fakeDesk(() => upstream);
    const failing = runErrand(errand({}), depsWith(desk), () => Promise.reject(new Error('bug')));
    await expect(failing).rejects.toThrow('bug');
    expect(desk).toMatchObject({ granted: 1, released: 1 });
  });

  it('leaves no listener on the response', async () => {
    const desk = fakeDesk(() => upstream);
    const job = errand({});
    await runErrand(job, depsWith(desk), () => Promise.resolve('over' as Outcome));
    expect(job.res.listenerCount('close')).toBe(0);
  });
});
