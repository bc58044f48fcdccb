import type { Metric, Registry } from 'prom-client';

/**
 * Counters and histograms for what happens with every request. The library finds a series by sorting, joining and looking
 * up its labels each time, which for the dozen numbers of one request cost a fifth of forwarding it; here a series is
 * found once and kept. What is written out is the library's work all the same.
 */
interface Description<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

type Labels<Label extends string> = Readonly<Partial<Record<Label, string>>>;

export interface QuickCounter<Label extends string> {
  /** To be kept: it counts for these labels for as long as the program runs. It is shown from its first use on. */
  series(labels: Labels<Label>): { inc(by: number): void };
}

export interface QuickHistogram<Label extends string> {
  series(labels: Labels<Label>): { observe(value: number): void };
}

interface Spread<Label extends string> {
  readonly labels: Labels<Label>;
  readonly counts: number[];
  sum: number;
  count: number;
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  /** Written behind the others. */
  readonly sharedLabels?: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

export function createQuickCounter<Label extends string>(
  registry: Registry,
  description: Description<Label>,
): QuickCounter<Label> {
  const all = new Map<string, { labels: Labels<Label>; value: number }>();
  register(registry, 'counter', description, () =>
    [...all.values()].map(({ labels, value }) => ({ labels: present(labels), value })),
  );
  return {
    series(labels) {
      let series: { value: number } | null = null;
      return {
        inc(by) {
          series ??= found(all, description.labelNames, labels, () => ({ labels, value: 0 }));
          series.value += by;
        },
      };
    },
  };
}

/** @param description.buckets Upper bounds, ascending. */
export function createQuickHistogram<Label extends string>(
  registry: Registry,
  description: Description<Label> & { readonly buckets: readonly number[] },
): QuickHistogram<Label> {
  const { name, labelNames, buckets } = description;
  const all = new Map<string, Spread<Label>>();

  function* valuesOf(labels: Labels<Label>, counts: readonly number[], sum: number, count: number): Generator<Value> {
    const sharedLabels = present(labels);
    let upTo = 0;
    for (const [at, bound] of buckets.entries()) {
      upTo += counts[at] ?? 0;
      yield { labels: { le: bound }, sharedLabels, value: upTo, metricName: `${name}_bucket` };
    }
    yield { labels: { le: '+Inf' }, sharedLabels, value: count, metricName: `${name}_bucket` };
    yield { labels: {}, sharedLabels, value: sum, metricName: `${name}_sum` };
    yield { labels: {}, sharedLabels, value: count, metricName: `${name}_count` };
  }

  register(registry, 'histogram', description, () =>
    [...all.values()].flatMap(({ labels, counts, sum, count }) => [...valuesOf(labels, counts, sum, count)]),
  );
  return {
    series(labels) {
      const create = (): Spread<Label> => ({ labels, counts: buckets.map(() => 0), sum: 0, count: 0 });
      let series: Spread<Label> | null = null;
      return {
        observe(value) {
          series ??= found(all, labelNames, labels, create);
          const bucket = buckets.findIndex((bound) => value <= bound);
          if (bucket !== -1) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
          series.sum += value;
          series.count += 1;
        },
      };
    },
  };
}

function register(
  registry: Registry,
  type: 'counter' | 'histogram',
  { name, help }: Description<string>,
  values: () => readonly Value[],
): void {
  const metric = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: () => Promise.resolve({ name, help, type, values: values() }),
  };
  // The class has more, but of what is registered the library asks these only; a test holds it to that.
  registry.registerMetric(metric as unknown as Metric);
}

function found<Label extends string, Series>(
  all: Map<string, Series>,
  names: readonly Label[],
  labels: Labels<Label>,
  create: () => Series,
): Series {
  const key = JSON.stringify(names.map((name) => labels[name] ?? null));
  const known = all.get(key);
  if (known !== undefined) return known;
  const created = create();
  all.set(key, created);
  return created;
}

function present<Label extends string>(labels: Labels<Label>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
