/**
 * Takes errors that nobody caught, from now on. Node would end the program at once and leave every model running.
 *
 * @returns Resolves with what to tell, at the first of them.
 */
export function firstCrash(source: NodeJS.EventEmitter = process): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  source.on('uncaughtException', (error: unknown) => resolve(describeBug(error)));
  return promise;
}

/** Where it happened, for a report; a thrown value that is no error could hold anything and is not shown. */
export function describeBug(error: unknown): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : `a thrown ${typeof error}`;
  return `This is a bug in llama-swap; stopping every model.\n${what}`;
}
