const LAST_PORT = 65535;

/** Says whether a port can be given to a model. Without it every port counts as free. */
export type IsPortFree = (port: number) => boolean | Promise<boolean>;

export interface PortSource {
  /** A port for the model, or null when there is none left. Never the same one twice. */
  next(model: string): Promise<number | null>;
}

/**
 * Gives out ports upwards from `startPort`.
 *
 * @param reserved ports that models name themselves
 * @param kept ports that models have had so far: one that is added or goes away must not move all that come after it
 */
export function createPortSource(
  startPort: number,
  reserved: ReadonlySet<number>,
  isPortFree: IsPortFree,
  kept: ReadonlyMap<string, number>,
): PortSource {
  const held = new Set(kept.values());
  let candidate = startPort;
  return {
    async next(model) {
      const own = kept.get(model);
      // Not asked about: the model's own process may hold it.
      if (own !== undefined && own >= startPort && !reserved.has(own)) return own;
      while (candidate <= LAST_PORT) {
        const port = candidate++;
        if (!reserved.has(port) && !held.has(port) && (await isPortFree(port))) return port;
      }
      return null;
    },
  };
}
