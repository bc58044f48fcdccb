interface Timer {
  readonly id: number;
  readonly ms: number;
  readonly fire: () => void;
}

/**
 * A clock on which the test chooses which timer fires, whatever the order of their delays: a path through a graph may
 * let a long delay pass before a short one. Timers are told apart by their length, so give each delay one of its own.
 */
export class ChoosingClock {
  readonly #timers: Timer[] = [];
  #last = 0;

  setTimeout(fire: (...args: never[]) => void, ms: number): number {
    const id = ++this.#last;
    this.#timers.push({ id, ms, fire });
    return id;
  }

  clearTimeout(id: number): void {
    const index = this.#timers.findIndex((timer) => timer.id === id);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  now(): number {
    return 0;
  }

  /** Fires the timer of that length. Throws when none is set: then the path does not exist in the world. */
  fire(ms: number): void {
    const index = this.#timers.findIndex((timer) => timer.ms === ms);
    if (index < 0) throw new Error(`no timer of ${ms} ms is set`);
    this.#timers.splice(index, 1)[0]?.fire();
  }
}
