import type { Config, PinsConfig } from '../config/types.ts';

/**
 * Which of the profiles with pins is switched on: one or none. It outlives a reload; a profile that is no longer
 * configured counts as none.
 */
export interface ActivePins {
  active(config: Config): PinsConfig | null;
  /** Switches to a profile, or with null to none. Who listens is told when that changes something. */
  activate(id: string | null): void;
  /** @returns Ends the subscription. The listener must not throw. */
  subscribe(listener: (id: string | null) => void): () => void;
}

export function createActivePins(): ActivePins {
  const listeners = new Set<(id: string | null) => void>();
  let selected: string | null = null;
  return {
    active: ({ pins }) => (selected === null ? null : (pins.get(selected) ?? null)),
    activate(id) {
      if (id === selected) return;
      selected = id;
      for (const listener of listeners) listener(id);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
