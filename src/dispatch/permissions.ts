import type { ModelId } from '../../machines/shared/ids.ts';

/**
 * Leases taken without a ticket, while the orchestrator keeps a model's gate open.
 *
 * INVARIANTS
 * - However many requests use a model this way, the orchestrator counts one lease for them all: it is taken with the
 *   first one and given back some time after the last one, or at once when the gate is closed.
 * - Nothing is taken while the gate is closed. Opening and closing it is the orchestrator's alone.
 */
export interface Permissions {
  open(model: ModelId): void;
  close(model: ModelId): void;
  /** @returns whether the model may be used now; every yes needs a `giveBack`. */
  take(model: ModelId): boolean;
  giveBack(model: ModelId): void;
}

export interface PermissionsDeps {
  readonly onTake: (model: ModelId) => void;
  readonly onReturn: (model: ModelId) => void;
}

interface Gate {
  isOpen: boolean;
  /** The orchestrator counts a lease for us. */
  isHeld: boolean;
  uses: number;
  readonly idle: NodeJS.Timeout;
}

/** A client that asks one question after the other should cost no event between two of them. */
const IDLE_MS = 20;

export function createPermissions({ onTake, onReturn }: PermissionsDeps): Permissions {
  const gates = new Map<ModelId, Gate>();

  function settle(model: ModelId, gate: Gate): void {
    if (gate.uses > 0) return;
    if (gate.isHeld) {
      gate.isHeld = false;
      onReturn(model);
    }
    if (!gate.isOpen && !gate.isHeld) drop(model, gate);
  }

  function drop(model: ModelId, gate: Gate): void {
    clearTimeout(gate.idle);
    if (gates.get(model) === gate) gates.delete(model);
  }

  return {
    open(model) {
      const known = gates.get(model);
      if (known) {
        known.isOpen = true;
        return;
      }
      const idle = setTimeout(() => settle(model, gate), IDLE_MS);
      idle.unref();
      const gate: Gate = { isOpen: true, isHeld: false, uses: 0, idle };
      gates.set(model, gate);
    },
    close(model) {
      const gate = gates.get(model);
      if (!gate) return;
      gate.isOpen = false;
      settle(model, gate);
    },
    take(model) {
      const gate = gates.get(model);
      if (!gate?.isOpen) return false;
      if (!gate.isHeld) {
        gate.isHeld = true;
        onTake(model);
      }
      gate.uses++;
      return true;
    },
    giveBack(model) {
      const gate = gates.get(model);
      if (!gate || --gate.uses > 0) return;
      if (gate.isOpen) gate.idle.refresh();
      else settle(model, gate);
    },
  };
}
