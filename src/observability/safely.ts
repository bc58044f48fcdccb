/**
 * Turns a function into one that cannot throw. XState loses the event when an inspector throws and raises an
 * uncaught exception when a subscriber does, so everything handed to it goes through here.
 *
 * @param what Names the function in the report, e.g. `journal`.
 * @param report Told about the first failure only: a broken subscriber of a busy gateway must not flood the log.
 */
export function safely<A extends unknown[]>(
  what: string,
  fn: (...args: A) => void,
  report: (message: string) => void,
): (...args: A) => void {
  let reported = false;
  return (...args) => {
    try {
      fn(...args);
    } catch (error) {
      if (reported) return;
      reported = true;
      try {
        report(`${what} failed and goes on; further failures of it are not logged: ${describe(error)}`);
      } catch {
        // Nobody is left to tell.
      }
    }
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}
