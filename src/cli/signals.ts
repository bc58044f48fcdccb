/** How a person or a supervisor ends the program. */
export interface EndSignals {
  /** Resolves with the name of the first signal. */
  readonly first: Promise<NodeJS.Signals>;
  /** Resolves with the name of the second one: whoever sends it does not want to wait any longer. */
  readonly second: Promise<NodeJS.Signals>;
}

/**
 * Takes SIGINT and SIGTERM from now on; without it they would end the program at once and leave every model behind.
 * SIGHUP does the same where there is a terminal to be closed. Elsewhere (a service, nohup) it is ignored.
 *
 * @param hasTerminal Whether a person started the program at a terminal.
 */
export function catchEndSignals(
  hasTerminal: boolean = process.stdin.isTTY || process.stdout.isTTY,
  source: NodeJS.EventEmitter = process,
): EndSignals {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const second = Promise.withResolvers<NodeJS.Signals>();
  let count = 0;
  const note = (signal: NodeJS.Signals): void => {
    count += 1;
    (count === 1 ? first : second).resolve(signal);
  };
  source.on('SIGINT', note);
  source.on('SIGTERM', note);
  source.on('SIGHUP', hasTerminal ? note : () => {});
  return { first: first.promise, second: second.promise };
}
