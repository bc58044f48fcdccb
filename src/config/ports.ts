const LAST_PORT = 65535;

/** Says whether a port can be given to a model. Without it every port counts as free. */
export type IsPortFree = (port: number) => boolean | Promise<boolean>;

export interface PortSource {
  /** The next port, or null when there is none left. Never the same one twice. */
  next(): Promise<number | null>;
}

/**
 * Gives out ports upwards from `startPort`.
 *
 * @param reserved ports that models name themselves
 */
export function createPortSource(startPort: number, reserved: ReadonlySet<number>, isPortFree: IsPortFree): PortSource {
  let candidate = startPort;
  return {
    async next() {
      while (candidate <= LAST_PORT) {
        const port = candidate++;
        if (!reserved.has(port) && (await isPortFree(port))) return port;
      }
      return null;
    },
  };
}
