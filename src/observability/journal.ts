import type { InspectedMicrostepEvent, InspectedSnapshotEvent, InspectionEvent } from 'xstate';
import { ORCHESTRATOR_ID } from '../../machines/shared/ids.ts';
import { safely } from './safely.ts';
import { phaseKeyOf, subStateOf } from './state-value.ts';
import { createStatusBoard } from './status-board.ts';
import type { StatusBoard } from './status-board.ts';
import { createSubscribers } from './subscribers.ts';

/** How many transitions are kept. */
const JOURNAL_CAPACITY = 1000;

/** What the parent of an actor is sent when it has thrown; the id follows. */
const CRASH = 'xstate.error.actor.';

/** One actor went from one state to another. */
export interface Transition {
  /** Epoch milliseconds. */
  readonly at: number;
  /** `model:<id>`, `profile:<id>`, `swap:<n>` or `orchestrator`. */
  readonly actor: string;
  /** The type of the event that caused it, as XState names it. */
  readonly event: string;
  /** null when the actor has just come to be. */
  readonly from: string | null;
  /** A state of its machine, or `crashed` when a bug ended the actor. */
  readonly to: string;
}

/** What the actors did, for people: the last transitions, and who wants to hear of the next. */
export interface Journal {
  /** To be handed to XState: `createActor(root, { inspect: journal.inspect })`. Never throws. */
  readonly inspect: (event: InspectionEvent) => void;
  /** Oldest first. */
  history(): readonly Transition[];
  /** @returns Ends the subscription. A listener is called within a transition: it must hand over and return. */
  subscribe(listener: (transition: Transition) => void): () => void;
  /** The present state of every actor, always in step with the history. */
  readonly board: StatusBoard;
}

/**
 * INVARIANTS
 * - Only names and times are kept: no event payload, no context, no snapshot (a snapshot would keep its whole queue).
 * - A transition is a change of the top-level state. A model that goes between idle and busy makes none, or a busy
 *   gateway would push everything worth reading out of the ring.
 * - The board is up to date before a listener hears of a transition.
 * - Cause comes before effect. XState inspects a snapshot only when everything that the actor sent has been handled, and
 *   by snapshots alone a model would seem to start before the one in its way has stopped. A microstep is inspected
 *   before anything is sent. The snapshot of the last one says that the actor has ended.
 *
 * @param options.report Gets one message when the journal itself fails, and one per failing listener.
 */
export function createJournal(
  options: { capacity?: number; now?: () => number; report?: (message: string) => void } = {},
): Journal {
  const { capacity = JOURNAL_CAPACITY, now = Date.now, report = () => {} } = options;
  const board = createStatusBoard();
  const subscribers = createSubscribers<Transition>('the journal', report);
  const ring: Transition[] = [];
  let next = 0;

  function record(transition: Transition): void {
    ring[next] = transition;
    next = (next + 1) % capacity;
    subscribers.tell(transition);
  }

  function inspect(event: InspectionEvent): void {
    if (event.type === '@xstate.microstep' || event.type === '@xstate.snapshot') follow(event);
    // An actor that throws makes no snapshot; its parent is told.
    else if (event.type === '@xstate.event' && event.event.type.startsWith(CRASH)) noteCrash(event.event.type);
  }

  function follow({ type, actorRef, event, snapshot }: InspectedMicrostepEvent | InspectedSnapshotEvent): void {
    const actor = (actorRef as { id?: string }).id ?? '';
    const known = board.get(actor);
    if (known === undefined && !isPublic(actor)) return;
    const { status, value } = snapshot as { status: string; value?: unknown };
    if (status === 'stopped') {
      board.remove(actor);
      return;
    }
    const to = phaseKeyOf(value);
    if (known?.state === to) {
      board.setDetail(actor, subStateOf(value));
    } else {
      const at = now();
      board.set(actor, { id: actor, state: to, since: at, detail: subStateOf(value) });
      // That every model exists is not news when the gateway starts; that a swap begins is.
      if (known !== undefined || actor.startsWith('swap:')) {
        record({ at, actor, event: event.type, from: known?.state ?? null, to });
      }
    }
    if (status === 'done' && type === '@xstate.snapshot') board.remove(actor);
  }

  function noteCrash(event: string): void {
    const actor = event.slice(CRASH.length);
    const known = board.get(actor);
    if (known === undefined) return;
    const at = now();
    board.set(actor, { id: actor, state: 'crashed', since: at, detail: null });
    record({ at, actor, event, from: known.state, to: 'crashed' });
  }

  return {
    inspect: safely('the journal', inspect, report),
    history: () => (ring.length < capacity ? [...ring] : [...ring.slice(next), ...ring.slice(0, next)]),
    subscribe: (listener) => subscribers.add(listener),
    board,
  };
}

function isPublic(actor: string): boolean {
  return (
    actor === ORCHESTRATOR_ID || actor.startsWith('model:') || actor.startsWith('profile:') || actor.startsWith('swap:')
  );
}
