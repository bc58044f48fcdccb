import { formatProblems } from '../config/problems.ts';
import type { Gateway } from '../gateway.ts';
import type { ReloadResult } from '../reload.ts';

/**
 * Makes a function that reads the configuration again and says what is wrong with it; it never rejects. What has changed
 * stands in the gateway's log. Several requests that one reload has answered are told once.
 *
 * @param why Begins what is said: who asked for it.
 */
export function reloadAloud(
  gateway: Pick<Gateway, 'reload'>,
  say: (message: string) => void,
): (why: string) => Promise<void> {
  let told: ReloadResult | null = null;
  return async (why) => {
    try {
      const result = await gateway.reload();
      if (result === told) return;
      told = result;
      if (result.problems.length > 0) say(formatProblems(result.problems));
      if (!result.ok) say(`${why}: the configuration cannot be used, so nothing has changed.`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      say(`${why}: the configuration could not be read again: ${message}`);
    }
  };
}
