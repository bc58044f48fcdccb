import type { InspectionEvent } from 'xstate';

/** The protocol's version: the release of `@statelyai/inspect` whose messages these are. */
const PROTOCOL_VERSION = '0.7.2';

/** What Stately's inspector takes, without anything that an event or a context carries. */
export type InspectorMessage = ActorMessage | EventMessage | SnapshotMessage;

interface Envelope {
  readonly sessionId: string;
  readonly rootId: string;
  /** Epoch milliseconds, as text. */
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

export interface ActorMessage extends Envelope {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly parentId: string | undefined;
  /** The machine's configuration as JSON text. */
  readonly definition: string;
  readonly snapshot: BareSnapshot;
}

interface EventMessage extends Envelope {
  readonly type: '@xstate.event';
  readonly event: { readonly type: string };
  readonly sourceId: string | undefined;
}

export interface SnapshotMessage extends Envelope {
  readonly type: '@xstate.snapshot';
  readonly event: { readonly type: string };
  readonly snapshot: BareSnapshot;
}

interface BareSnapshot {
  readonly status: string;
  readonly value?: unknown;
  readonly context: Readonly<Record<string, never>>;
}

/** The parts of an actor that XState's public type leaves out. */
interface InspectedActor {
  readonly id: string;
  readonly sessionId: string;
  readonly _parent?: { readonly sessionId: string };
  readonly logic?: { readonly config?: unknown };
}

/** @returns null for what the inspector does not show: actions and microsteps. */
export function toInspectorMessage(event: InspectionEvent, now: number): InspectorMessage | null {
  const actor = event.actorRef as unknown as InspectedActor;
  const envelope = {
    sessionId: actor.sessionId,
    rootId: event.rootId,
    createdAt: String(now),
    id: null,
    _version: PROTOCOL_VERSION,
  };
  switch (event.type) {
    case '@xstate.actor':
      return {
        type: event.type,
        name: actor.id,
        parentId: actor._parent?.sessionId,
        definition: definitionOf(actor),
        // The actor is being made: it has no snapshot yet.
        snapshot: { status: 'active', context: {} },
        ...envelope,
      };
    case '@xstate.event':
      return {
        type: event.type,
        event: { type: event.event.type },
        sourceId: event.sourceRef?.sessionId,
        ...envelope,
      };
    case '@xstate.snapshot': {
      const { status, value } = event.snapshot as { status: string; value?: unknown };
      return {
        type: event.type,
        event: { type: event.event.type },
        snapshot: { status, value, context: {} },
        ...envelope,
      };
    }
    default:
      return null;
  }
}

/** Functions become their names, as the inspector expects; a configuration holds no values of this gateway. */
function definitionOf(actor: InspectedActor): string {
  const config = actor.logic?.config;
  if (typeof config !== 'object' || config === null) return JSON.stringify({ id: actor.id });
  return JSON.stringify({ ...config, id: actor.id, context: undefined }, (_key, value: unknown) =>
    typeof value === 'function' ? { type: value.name } : value,
  );
}
