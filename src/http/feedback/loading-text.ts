import type { Phase } from '../../../machines/shared/phase.ts';

/** What is known of a wait. */
interface WaitFacts {
  readonly phase: Phase;
  /** Among all who wait, 1 = next; null when it does not wait any more. */
  readonly position: number | null;
  /** Since the wait began, in milliseconds. */
  readonly waitedMs: number;
  /** How long the model takes to load, measured in milliseconds; null when it has not been measured. */
  readonly loadMs: number | null;
}

const RULE = '━━━━━\n';
/** A line about nothing but the time, so that people and proxies see that the connection lives. */
const TIME_EVERY_MS = 10_000;

/** Tells a waiting client, in plain lines, what is going on. Nothing is made up. */
export interface LoadingText {
  opening(): string;
  /** @returns '' when there is no news. */
  news(facts: WaitFacts): string;
  /** For a load that ended well. */
  closing(waitedMs: number): string;
}

export function createLoadingText(model: string): LoadingText {
  let lastLine = '';
  let nextTimeMs = TIME_EVERY_MS;
  return {
    opening: () => `${RULE}llama-swap loading model: ${model}\n`,
    news(facts) {
      const line = describe(facts);
      const isDue = facts.waitedMs >= nextTimeMs;
      if (line === lastLine && !isDue) return '';
      lastLine = line;
      if (!isDue) return `${line}\n`;
      while (nextTimeMs <= facts.waitedMs) nextTimeMs += TIME_EVERY_MS;
      return `${line} (${Math.round(facts.waitedMs / 1000)}s so far)\n`;
    },
    closing: (waitedMs) => `\nDone! (${(waitedMs / 1000).toFixed(2)}s)\n${RULE} \n`,
  };
}

function describe({ phase, position, loadMs }: WaitFacts): string {
  const place = position !== null && position > 1 ? `Queue position: #${position}. ` : '';
  return place + DOING[phase] + expectation(phase, loadMs);
}

const DOING: Readonly<Record<Phase, string>> = {
  stopped: 'Waiting for room.',
  starting: 'Starting.',
  'health-checking': 'Loading.',
  ready: 'Ready, waiting for its turn.',
  stopping: 'Stopping first, then starting again.',
};

function expectation(phase: Phase, loadMs: number | null): string {
  if (loadMs === null || phase === 'ready') return '';
  return ` Loading usually takes ${Math.max(1, Math.round(loadMs / 1000))}s.`;
}
