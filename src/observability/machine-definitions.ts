import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A machine as plain JSON: what `GET /api/actors` answers and what the charts are drawn from. Holds no functions. */
export interface MachineDefinition {
  /** `model`, `profile`, `swap` or `orchestrator`; actor ids begin with it. */
  readonly id: string;
  readonly initial: string | null;
  readonly states: readonly StateDefinition[];
  /** Taken in every state that does not say otherwise. */
  readonly transitions: readonly TransitionDefinition[];
  readonly invokes: readonly string[];
}

export interface StateDefinition {
  readonly key: string;
  /** With dots, e.g. `ready.idle`. */
  readonly path: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial: string | null;
  readonly states: readonly StateDefinition[];
  readonly transitions: readonly TransitionDefinition[];
  /** Names of the actions on the way in. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Names of the actors that live as long as the state. */
  readonly invokes: readonly string[];
}

export interface TransitionDefinition {
  /** The type of the event as XState names it; '' when the transition is taken as soon as its guard holds. */
  readonly event: string;
  /** The event for people: `after ttl`, `probe done`, `always`. */
  readonly label: string;
  readonly guard: string | null;
  /** Paths of states; empty when the state is not left. */
  readonly targets: readonly string[];
  readonly actions: readonly string[];
}

/** Describes each machine once; keys of the answer are the machines' ids. */
export function describeMachines(machines: readonly AnyStateMachine[]): Readonly<Record<string, MachineDefinition>> {
  return Object.fromEntries(machines.map((machine) => [machine.id, describeMachine(machine)]));
}

export function describeMachine(machine: AnyStateMachine): MachineDefinition {
  const root: AnyStateNode = machine.root;
  return {
    id: machine.id,
    initial: initialOf(root),
    states: childrenOf(root).map(describeState),
    transitions: transitionsOf(root),
    invokes: invokesOf(root),
  };
}

function describeState(node: AnyStateNode): StateDefinition {
  return {
    key: node.key,
    path: node.path.join('.'),
    type: node.type,
    initial: initialOf(node),
    states: childrenOf(node).map(describeState),
    transitions: transitionsOf(node),
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    invokes: invokesOf(node),
  };
}

function childrenOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states);
}

function initialOf(node: AnyStateNode): string | null {
  return node.type === 'compound' ? (node.initial?.target[0]?.key ?? null) : null;
}

function invokesOf(node: AnyStateNode): string[] {
  return node.invoke.map((invoke) => invoke.id);
}

function transitionsOf(node: AnyStateNode): TransitionDefinition[] {
  const always = (node.always ?? []).map((transition) => ({ ...transition, eventType: '' }));
  const all = [...always, ...[...node.transitions.values()].flat()];
  // A state that takes no events keeps them from the states around it like this; it is nothing that happens.
  const happening = all.filter(({ eventType, target, actions }) => eventType !== '*' || target || actions.length > 0);
  return happening.map((transition) => ({
    event: transition.eventType,
    label: labelOf(transition.eventType, node),
    guard: guardName(transition.guard),
    targets: (transition.target ?? []).map((target) => target.path.join('.')),
    actions: namesOf(transition.actions),
  }));
}

function labelOf(event: string, node: AnyStateNode): string {
  if (event === '') return 'always';
  const actor = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event);
  if (actor !== null) return `${actor[2]} ${actor[1] === 'done' ? 'done' : 'failed'}`;
  if (event.startsWith('xstate.done.state.')) return 'done';
  if (event.startsWith('xstate.after.')) return `after ${event.slice('xstate.after.'.length, -node.id.length - 1)}`;
  return event;
}

/** Actions of XState's own (`xstate.raise`, which arms a delay) and nameless functions say nothing. */
function namesOf(actions: readonly unknown[]): string[] {
  return actions.map(nameOf).filter((name) => name !== '' && !name.startsWith('xstate.'));
}

function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (typeof part === 'function') return '';
  if (typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string') return part.type;
  return '';
}

function guardName(guard: unknown): string | null {
  if (guard === undefined || guard === null) return null;
  return nameOf(guard) || 'guard';
}
