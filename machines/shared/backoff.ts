const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** How long a model refuses to start again after this many failures in a row: 1 s, doubled each time, at most 60 s. */
export function coolDownMs(strikes: number): number {
  return strikes <= 0 ? 0 : Math.min(FIRST_MS * 2 ** (strikes - 1), LONGEST_MS);
}
