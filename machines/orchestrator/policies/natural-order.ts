const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/**
 * The order in which names of sets are examined: as people read them, `s9` before `s10`. Runs of digits compare by
 * value, letters by code point; letters come after everything else, but first right after digits both names share.
 * Negative when `a` comes first.
 */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  let place = 0;
  while (place < left.length && place < right.length && left[place] === right[place]) place++;
  const [one, other] = [left[place], right[place]];
  if (one === undefined || other === undefined) return left.length - right.length;

  const afterDigit = DIGIT.test(left[place - 1] ?? '');
  const [isLetter, isOtherLetter] = [LETTER.test(one), LETTER.test(other)];
  if (isLetter && isOtherLetter) return byCodePoint(one, other);
  if (isLetter || isOtherLetter) return isLetter === afterDigit ? -1 : 1;

  // A zero counts only after another digit: `1` and `10` differ in value, `s0` and `s` in length.
  const lead = (one === '0' || other === '0') && hasSignificantDigit(left, place) ? '1' : '';
  const [run, otherRun] = [digitsFrom(left, place), digitsFrom(right, place)];
  const difference = BigInt(lead + run) - BigInt(lead + otherRun);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return run.length - otherRun.length || byCodePoint(one, other);
}

function byCodePoint(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}

function digitsFrom(name: readonly string[], place: number): string {
  let end = place;
  while (/[0-9]/.test(name[end] ?? '')) end++;
  return name.slice(place, end).join('');
}

/** Whether the digits that end right before `place` are more than zeros. */
function hasSignificantDigit(name: readonly string[], place: number): boolean {
  for (let before = place - 1; DIGIT.test(name[before] ?? ''); before--) if (name[before] !== '0') return true;
  return false;
}
