const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const NUMBER_AND_UNIT = '(\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)';
const DURATION = new RegExp(`^([-+]?)(?:${NUMBER_AND_UNIT})+$`);

/** Milliseconds of a duration as Go writes it (`1m30s`, `1.5h`), or null when it is none. A unit is needed. */
export function parseGoDuration(text: string): number | null {
  const sign = DURATION.exec(text)?.[1];
  if (sign === undefined) return null;
  let ms = 0;
  for (const [, number, unit = ''] of text.matchAll(new RegExp(NUMBER_AND_UNIT, 'g'))) {
    ms += Number(number) * (MS_PER_UNIT[unit] ?? 0);
  }
  return sign === '-' ? -ms : ms;
}
