/**
 * Takes errors that nobody caught, from now on. Node would end the program at once and leave every model running.
 *
 * @returns Resolves with what to tell, at the first of them.
 */
export function firstCrash(source: NodeJS.EventEmitter = process): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  source.on('uncaughtException', (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : typeof error;
    resolve(`This is a bug in llama-swap; stopping every model.\n${what}`);
  });
  return promise;
}
