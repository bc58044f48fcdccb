import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createKeyLoads } from '../../src/http/access/key-loads.ts';

class Answer extends EventEmitter {
  closed = false;

  close(): void {
    this.closed = true;
    this.emit('close');
  }
}

const step = fc.oneof(
  fc.record({ key: fc.constantFrom('k', 'l'), limit: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ close: fc.nat(20) }),
);

describe('X1: the loads of keys', () => {
  it('X1: never more than the limit, nothing refused below it, and nothing left when all is closed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const loads = createKeyLoads();
        const open: { key: string; answer: Answer }[] = [];
        for (const one of steps) {
          if ('close' in one) {
            const [ended] = open.splice(one.close % Math.max(1, open.length), 1);
            ended?.answer.close();
            // A second one would be a bug of node's; it must not free a place that is taken.
            ended?.answer.emit('close');
            continue;
          }
          const answer = new Answer();
          const taken = open.filter(({ key }) => key === one.key).length;
          const hold = (): void => loads.hold(one.key, one.limit, answer);
          if (taken < one.limit) {
            hold();
            open.push({ key: one.key, answer });
          } else expect(hold).toThrow(GatewayError);
        }
        for (const { answer } of open) answer.close();
        for (const key of ['k', 'l']) {
          loads.hold(key, 1, new Answer());
          expect(() => loads.hold(key, 1, new Answer())).toThrow('concurrencyLimit');
        }
      }),
    );
  });

  it('X1: what is closed already takes no place', () => {
    const loads = createKeyLoads();
    const gone = new Answer();
    gone.close();
    loads.hold('k', 1, gone);
    loads.hold('k', 1, new Answer());
    expect(() => loads.hold('k', 1, new Answer())).toThrow(GatewayError);
  });
});
