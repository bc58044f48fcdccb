/** What one answer cost. Counts are tokens, speeds tokens per second. */
export interface TokenCounts {
  readonly cached: number;
  readonly drafted: number;
  readonly draftAccepted: number;
  readonly input: number;
  readonly output: number;
  readonly promptPerSecond: number;
  readonly tokensPerSecond: number;
}

/** For answers that say nothing about tokens. Where an answer says something, what it leaves out is -1. */
export const NO_TOKENS: TokenCounts = {
  cached: 0,
  drafted: 0,
  draftAccepted: 0,
  input: 0,
  output: 0,
  promptPerSecond: 0,
  tokensPerSecond: 0,
};

const UNSAID: TokenCounts = {
  cached: -1,
  drafted: -1,
  draftAccepted: -1,
  input: 0,
  output: 0,
  promptPerSecond: -1,
  tokensPerSecond: -1,
};

/** Tokens, and the milliseconds that the upstream says it computed; 0 where it does not. */
export interface Accounting {
  readonly tokens: TokenCounts;
  readonly upstreamMs: number;
}

export const NO_ACCOUNTING: Accounting = { tokens: NO_TOKENS, upstreamMs: 0 };

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Puts together what the parts of one answer say. */
export interface Tally {
  /** Takes one JSON value: a whole answer, or one event of a stream. */
  add(value: unknown): void;
  /** @returns null when nothing has been said. */
  total(): Accounting | null;
}

/**
 * Three vocabularies: `usage` (OpenAI's and Anthropic's names), `timings` of llama.cpp, which has measured and wins,
 * and `metrics` of vLLM.
 */
export function createTally(): Tally {
  let usage: { input: number; output: number; cached: number } | null = null;
  let timings: Fields | null = null;
  let metrics: Fields | null = null;

  function addUsage(said: unknown): void {
    if (!isFields(said)) return;
    usage ??= { input: 0, output: 0, cached: -1 };
    const input = count(said['prompt_tokens'] ?? said['input_tokens']);
    const output = count(said['completion_tokens'] ?? said['output_tokens']);
    const cached = cachedTokens(said);
    if (input > 0) usage.input = input;
    if (output > 0) usage.output = output;
    // A zero says that nothing was cached, which is more than saying nothing; it does not undo a count.
    if (cached > 0 || (cached === 0 && usage.cached < 0)) usage.cached = cached;
  }

  return {
    add(value) {
      if (!isFields(value)) return;
      addUsage(value['usage']);
      addUsage(within(value['response'])['usage']);
      addUsage(within(value['message'])['usage']);
      if (isFields(value['timings'])) timings = value['timings'];
      if (isFields(value['metrics'])) metrics = value['metrics'];
    },
    total() {
      if (usage === null && timings === null && metrics === null) return null;
      const base: TokenCounts = { ...UNSAID, ...usage };
      return withTimings(metrics === null ? base : withMetrics(base, metrics), timings);
    },
  };
}

/** @returns -1 when it is not said. */
function cachedTokens(usage: Fields): number {
  return count(
    usage['cache_read_input_tokens'] ??
      within(usage['input_tokens_details'])['cached_tokens'] ??
      within(usage['prompt_tokens_details'])['cached_tokens'],
  );
}

function withMetrics(tokens: TokenCounts, metrics: Fields): TokenCounts {
  const drafts = within(metrics['speculative_decoding']);
  const drafted = count(drafts['num_draft_tokens']);
  const draftAccepted = count(drafts['num_accepted_draft_tokens']);
  const firstTokenMs = count(metrics['time_to_first_token_ms']);
  const tokenMs = count(metrics['mean_itl_ms']);
  const prompt = tokens.input - Math.max(tokens.cached, 0);
  return {
    ...tokens,
    ...(drafted >= 0 && draftAccepted >= 0 ? { drafted, draftAccepted } : {}),
    ...(firstTokenMs > 0 ? { promptPerSecond: prompt / (firstTokenMs / 1000) } : {}),
    ...(tokenMs > 0 ? { tokensPerSecond: 1000 / tokenMs } : {}),
  };
}

function withTimings(tokens: TokenCounts, timings: Fields | null): Accounting {
  if (timings === null) return { tokens, upstreamMs: 0 };
  const cached = count(timings['cache_n']);
  const drafted = count(timings['draft_n']);
  const draftAccepted = count(timings['draft_n_accepted']);
  return {
    tokens: {
      ...tokens,
      input: Math.max(0, count(timings['prompt_n'])),
      output: Math.max(0, count(timings['predicted_n'])),
      promptPerSecond: count(timings['prompt_per_second']),
      tokensPerSecond: count(timings['predicted_per_second']),
      ...(cached >= 0 ? { cached } : {}),
      ...(drafted >= 0 && draftAccepted >= 0 ? { drafted, draftAccepted } : {}),
    },
    upstreamMs: Math.max(0, count(timings['prompt_ms'])) + Math.max(0, count(timings['predicted_ms'])),
  };
}

function within(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** @returns -1 for what is no count. */
function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : -1;
}
