const LAST_PORT = 65535;

/** Says whether a port can be given to a model. Without it every port counts as free. */
export type IsPortFree = (port: number) => boolean | Promise<boolean>;

export interface PortRules {
  readonly isPortFree: IsPortFree;
  /**
   * Ports that models have had so far: one that is added or goes away must not move all that come after it. Each is kept
   * unless somebody else has taken it.
   */
  readonly kept: ReadonlyMap<string, number>;
  /** Whether a process of the model runs, which then holds the port that it has had. */
  readonly runs: (model: string) => boolean;
}

export interface PortSource {
  /** A port for the model, or null when there is none left. Never the same one twice. */
  next(model: string): Promise<number | null>;
}

/**
 * Gives out ports upwards from `startPort`.
 *
 * @param reserved ports that models name themselves
 */
export function createPortSource(
  startPort: number,
  reserved: ReadonlySet<number>,
  { isPortFree, kept, runs }: PortRules,
): PortSource {
  const held = new Set(kept.values());
  let candidate = startPort;
  return {
    async next(model) {
      const own = kept.get(model);
      const mayStay = own !== undefined && own >= startPort && !reserved.has(own);
      if (mayStay && (runs(model) || (await isPortFree(own)))) return own;
      while (candidate <= LAST_PORT) {
        const port = candidate++;
        if (!reserved.has(port) && !held.has(port) && (await isPortFree(port))) return port;
      }
      return null;
    },
  };
}
