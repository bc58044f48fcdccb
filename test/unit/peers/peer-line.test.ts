import { describe, expect, it } from 'vitest';
import { createPeerLine, type LineTimes, type PeerLine } from '../../../src/peers/peer-line.ts';
import type { Unreadable } from '../../../src/peers/read-list.ts';
import type { PeerList, PeerRecord } from '../../../src/peers/record.ts';
import { peerConfig } from '../../http/fake-gateway.ts';

/** Longer than any test. */
const LONG_MS = 60_000;
const GPT: PeerRecord = { isLoaded: true, details: {}, meta: {}, metadata: {} };
const LIST: PeerList = { records: new Map([['gpt', GPT]]), own: ['gpt'] };
const WRONG: Unreadable = { wrong: 'no' };

/** A line whose questions the test answers. */
function lineWith(times: Partial<LineTimes>): {
  line: PeerLine;
  log: string[];
  news: () => number;
  keys: (string | null)[];
  /** Asks and answers. @returns whether there was a question. */
  hears: (answer: PeerList | Unreadable) => Promise<boolean>;
  answer: (answer: PeerList | Unreadable) => void;
} {
  const log: string[] = [];
  const keys: (string | null)[] = [];
  let news = 0;
  let answer: (answer: PeerList | Unreadable) => void = () => {};
  const line = createPeerLine(peerConfig('east', [], 1), {
    ask(peer) {
      keys.push(peer.apiKey);
      return new Promise((resolve) => (answer = resolve));
    },
    log: { info: (line) => log.push(line), warn: (line) => log.push(line) },
    times: { restMs: 0, retryMs: 0, forgetMs: LONG_MS, ...times },
    onNews: () => (news += 1),
  });
  return {
    line,
    log,
    news: () => news,
    keys,
    answer: (said) => answer(said),
    async hears(said) {
      const question = line.question();
      answer(said);
      await question;
      return question !== null;
    },
  };
}

describe('one peer', () => {
  it('is asked one question at a time, whoever else wants to know waits for that one', async () => {
    const { line, keys, answer } = lineWith({});
    expect([line.wasAsked, line.recordOf('gpt'), line.own()]).toEqual([false, null, []]);
    const first = line.question();
    expect(line.question()).toBe(first);
    answer(LIST);
    await first;
    expect([line.wasAsked, line.recordOf('gpt'), line.own(), keys.length]).toEqual([true, GPT, ['gpt'], 1]);
  });

  it('rests after an answer, and less after none', async () => {
    const rested = lineWith({ restMs: LONG_MS });
    expect(await rested.hears(WRONG)).toBe(true);
    expect(await rested.hears(LIST)).toBe(true);
    expect(await rested.hears(LIST)).toBe(false);
    const failing = lineWith({ retryMs: LONG_MS });
    expect(await failing.hears(WRONG)).toBe(true);
    expect(await failing.hears(LIST)).toBe(false);
  });

  it('tells news only: not what it has said before, nor that it says nothing', async () => {
    const { line, log, news, hears } = lineWith({});
    await hears(WRONG);
    await hears(WRONG);
    expect(news()).toBe(0);
    await hears(LIST);
    const own = line.own();
    await hears(structuredClone(LIST));
    await hears(WRONG);
    await hears(structuredClone(LIST));
    expect([news(), line.own() === own]).toEqual([1, true]);
    expect(log).toEqual([
      'the peer east does not tell its models, and what is known of them stays: no',
      'the peer east tells its models again',
      'the peer east does not tell its models, and what is known of them stays: no',
      'the peer east tells its models again',
    ]);
  });

  it('that says nothing for too long has nothing loaded, which is news once; and once that it has', async () => {
    const { line, news, hears } = lineWith({ forgetMs: -1 });
    await hears(LIST);
    await hears(WRONG);
    await hears(WRONG);
    expect([news(), line.recordOf('gpt'), line.own()]).toEqual([2, { ...GPT, isLoaded: false }, ['gpt']]);
    await hears(LIST);
    expect([news(), line.recordOf('gpt')]).toEqual([3, GPT]);
  });

  it('is asked by its new definition, and not heard any more when it is retired', async () => {
    const { line, keys, answer, news } = lineWith({});
    line.adopt(peerConfig('east', [], 1, { apiKey: 'new' }));
    const question = line.question();
    line.retire();
    answer(LIST);
    await question;
    expect([keys, news(), line.recordOf('gpt'), line.question()]).toEqual([['new'], 0, null, null]);
  });
});
