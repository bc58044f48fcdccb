import { statusText } from './error-message.ts';
import type { TokenCounts } from './usage.ts';
import type { Usage } from './usage-meter.ts';

/** One finished request, as it is kept. */
export interface ActivityRecord {
  /** When it ended, epoch milliseconds. */
  readonly at: number;
  /** The model's id; the name as given where there is no such model. */
  readonly model: string;
  /** Of the upstream's request, without the query. */
  readonly path: string;
  readonly contentType: string;
  readonly status: number;
  readonly tokens: TokenCounts;
  /** The longer of what the client waited and what the upstream says it computed. */
  readonly durationMs: number;
  /** '' when all is well. */
  readonly error: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** From the request's arrival to the first event of a stream; null for other answers. */
  readonly firstTokenMs: number | null;
  /** How long it waited for its turn and, of that, for the model to load; null when it never got there. */
  readonly queueMs: number | null;
  readonly loadMs: number | null;
  /** Who asked, as far as may be told: never a key. */
  readonly client: string | null;
}

/** What the gateway itself knows about a request. */
export interface RequestFacts {
  readonly at: number;
  readonly model: string;
  readonly path: string;
  readonly contentType: string;
  readonly status: number;
  /** Arrival and end on the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The gateway's own reason, as for an answer that was cut; wins over what the answer says. */
  readonly error?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly queueMs?: number;
  readonly loadMs?: number;
  readonly client?: string;
}

export function recordOf(facts: RequestFacts, usage: Usage): ActivityRecord {
  const { at, model, path, contentType, status, startedAt, endedAt } = facts;
  const fallback = status === 200 ? '' : statusText(status);
  return {
    at,
    model,
    path,
    contentType,
    status,
    tokens: usage.tokens,
    durationMs: Math.round(Math.max(endedAt - startedAt, usage.upstreamMs)),
    error: facts.error || usage.error || fallback,
    metadata: facts.metadata ?? {},
    firstTokenMs: usage.firstTokenAt === null ? null : Math.max(0, usage.firstTokenAt - startedAt),
    queueMs: facts.queueMs ?? null,
    loadMs: facts.loadMs ?? null,
    client: facts.client ?? null,
  };
}
