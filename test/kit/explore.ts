import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { getShortestPaths } from 'xstate/graph';

export interface Exploration {
  /** The shortest way to every abstract state, as events. */
  readonly paths: readonly { readonly events: readonly EventObject[]; readonly end: AnyMachineSnapshot }[];
  /** Every abstract state, by its key. */
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>;
}

/**
 * Walks every abstract state of a machine, trying in each one every event that it handles there, delayed ones and the
 * ends of invoked actors included.
 *
 * @param payloads the events to try, by type (a handled type that is missing here is tried without a payload), or a
 *   function that says what the world can do in a state
 * @param abstract what tells two states apart besides the state value; counters must be clamped
 */
export function explore(
  machine: AnyStateMachine,
  input: unknown,
  payloads:
    | Readonly<Record<string, readonly EventObject[]>>
    | ((snapshot: AnyMachineSnapshot) => readonly EventObject[]),
  abstract: (context: never) => unknown,
): Exploration {
  const keyOf = (snapshot: AnyMachineSnapshot) => JSON.stringify([snapshot.value, abstract(snapshot.context as never)]);
  // A finished actor takes no events; the graph alone would let it.
  const eventsFor = (snapshot: AnyMachineSnapshot): EventObject[] => {
    if (snapshot.status !== 'active') return [];
    if (typeof payloads === 'function') return [...payloads(snapshot)];
    return handledBy(snapshot).flatMap((type) => payloads[type] ?? [{ type }]);
  };
  const paths = getShortestPaths(machine, {
    input,
    serializeState: (snapshot) => keyOf(snapshot as AnyMachineSnapshot) as never,
    events: (snapshot) => eventsFor(snapshot as AnyMachineSnapshot),
  });
  const states = new Map(paths.map(({ state }) => [keyOf(state as AnyMachineSnapshot), state as AnyMachineSnapshot]));
  return {
    states,
    paths: paths.map(({ steps, state }) => ({
      events: steps.map(({ event }) => event).filter(({ type }) => type !== 'xstate.init'),
      end: state as AnyMachineSnapshot,
    })),
  };
}

/** The types of all events that some active state node has a transition for. */
function handledBy(snapshot: AnyMachineSnapshot): string[] {
  const nodes = snapshot._nodes as { transitions: Map<string, unknown> }[];
  return [...new Set(nodes.flatMap((node) => [...node.transitions.keys()]))].filter(
    (type) => type !== '' && type !== '*',
  );
}
