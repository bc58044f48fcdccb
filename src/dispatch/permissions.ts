import type { ModelId } from '../../machines/shared/ids.ts';

/**
 * Leases taken without a ticket, while the orchestrator keeps a model's gate open.
 *
 * INVARIANTS
 * - However many requests use a model this way, the orchestrator counts one lease for them all, taken with the first one
 *   and given back some time after the last one; or, once they have been counted, one for each.
 * - A gate that is closed has been counted, and holds nothing for the idle.
 * - Nothing is taken while the gate is closed, nor beyond its limit. Opening and closing it is the orchestrator's alone.
 */
export interface Permissions {
  /** @param limit of uses and leases by ticket together; null = none */
  open(model: ModelId, limit: number | null): void;
  close(model: ModelId): void;
  /** @returns whether the model may be used now; every yes needs a `giveBack`. */
  take(model: ModelId): boolean;
  giveBack(model: ModelId): void;
  /** Has the orchestrator count the uses, each of them and nothing else, so that it can decide about one more. */
  count(model: ModelId): void;
  /** A lease by ticket is out, or back. */
  ticketed(model: ModelId, by: 1 | -1): void;
}

export interface PermissionsDeps {
  readonly onTake: (model: ModelId) => void;
  readonly onSplit: (model: ModelId, more: number) => void;
  readonly onReturn: (model: ModelId) => void;
}

interface Gate {
  isOpen: boolean;
  limit: number;
  /** Leases that the orchestrator counts for the uses. */
  counted: number;
  uses: number;
  /** Leases by ticket. */
  tickets: number;
  readonly idle: NodeJS.Timeout;
}

/** A client that asks one question after the other should cost no event between two of them. */
const IDLE_MS = 20;

export function createPermissions({ onTake, onSplit, onReturn }: PermissionsDeps): Permissions {
  const gates = new Map<ModelId, Gate>();

  function gateOf(model: ModelId): Gate {
    const known = gates.get(model);
    if (known !== undefined) return known;
    const idle = setTimeout(() => returnDownTo(0, model, gate), IDLE_MS);
    idle.unref();
    const gate: Gate = { isOpen: false, limit: Infinity, counted: 0, uses: 0, tickets: 0, idle };
    gates.set(model, gate);
    return gate;
  }

  function returnDownTo(floor: number, model: ModelId, gate: Gate): void {
    const least = Math.max(gate.uses, floor);
    while (gate.counted > least) {
      gate.counted -= 1;
      onReturn(model);
    }
    if (gate.isOpen || gate.counted > 0 || gate.tickets > 0) return;
    clearTimeout(gate.idle);
    if (gates.get(model) === gate) gates.delete(model);
  }

  function count(model: ModelId): void {
    const gate = gates.get(model);
    if (gate === undefined) return;
    const more = gate.uses - gate.counted;
    if (more > 0) {
      gate.counted = gate.uses;
      onSplit(model, more);
    }
    returnDownTo(0, model, gate);
  }

  return {
    open(model, limit) {
      const gate = gateOf(model);
      gate.isOpen = true;
      gate.limit = limit ?? Infinity;
    },
    close(model) {
      const gate = gates.get(model);
      if (gate === undefined) return;
      gate.isOpen = false;
      count(model);
    },
    take(model) {
      const gate = gates.get(model);
      if (gate === undefined || !gate.isOpen || gate.uses + gate.tickets >= gate.limit) return false;
      gate.uses += 1;
      if (gate.counted === 0) {
        gate.counted = 1;
        onTake(model);
      }
      return true;
    },
    giveBack(model) {
      const gate = gates.get(model);
      if (gate === undefined) return;
      gate.uses -= 1;
      returnDownTo(gate.isOpen ? 1 : 0, model, gate);
      if (gate.uses === 0 && gate.isOpen) gate.idle.refresh();
    },
    count,
    ticketed(model, by) {
      const gate = gateOf(model);
      gate.tickets += by;
      returnDownTo(gate.isOpen ? 1 : 0, model, gate);
    },
  };
}
