/** What a person or a supervisor tells the program by signals. */
export interface Signals {
  /** Resolves with the name of the first signal that means the end. */
  readonly first: Promise<NodeJS.Signals>;
  /** Resolves with the name of the second one: whoever sends it does not want to wait any longer. */
  readonly second: Promise<NodeJS.Signals>;
  /** From here on calls this for every request to read the configuration again; once at once if there was one before. */
  onReload(listener: () => void): void;
}

/**
 * Takes SIGINT and SIGTERM from now on; without it they would end the program at once and leave every model behind.
 * SIGHUP means the same where there is a terminal to be closed. Elsewhere (a service, nohup) it asks for a reload.
 *
 * @param hasTerminal Whether a person started the program at a terminal.
 */
export function catchSignals(
  hasTerminal: boolean = process.stdin.isTTY || process.stdout.isTTY,
  source: NodeJS.EventEmitter = process,
): Signals {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const second = Promise.withResolvers<NodeJS.Signals>();
  let count = 0;
  const end = (signal: NodeJS.Signals): void => {
    count += 1;
    (count === 1 ? first : second).resolve(signal);
  };

  let isAsked = false;
  let reload = (): void => {
    isAsked = true;
  };
  source.on('SIGINT', end);
  source.on('SIGTERM', end);
  source.on('SIGHUP', hasTerminal ? end : () => reload());
  return {
    first: first.promise,
    second: second.promise,
    onReload(listener) {
      reload = listener;
      if (isAsked) listener();
    },
  };
}
