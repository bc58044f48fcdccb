import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createQuickCounter, createQuickHistogram } from '../../src/metrics/quick-series.ts';

const label = fc.constantFrom(undefined, '', 'alpha', 'a"b\\c\nd');
const observation = fc.record({ model: label, kind: label, value: fc.double({ min: 0, max: 20, noNaN: true }) });
const names = ['model', 'kind'] as const;
const shape = { help: 'Some help.', labelNames: [...names] };

function defined(labels: { model: string | undefined; kind: string | undefined }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

it('quick counters and histograms are written out as those of the library are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(observation, { maxLength: 20 }), async (observations) => {
      const [library, quick] = [new Registry(), new Registry()];
      for (const registry of [library, quick]) registry.setDefaultLabels({ always: 'there' });
      const counter = new Counter({ name: 'c_total', ...shape, registers: [library] });
      const histogram = new Histogram({ name: 'h_seconds', ...shape, buckets: [0.1, 1, 10], registers: [library] });
      const quickCounter = createQuickCounter(quick, { name: 'c_total', ...shape });
      const quickHistogram = createQuickHistogram(quick, { name: 'h_seconds', ...shape, buckets: [0.1, 1, 10] });
      for (const { value, ...rest } of observations) {
        const labels = defined(rest);
        counter.inc(labels, value);
        histogram.observe(labels, value);
        quickCounter.series(labels).inc(value);
        quickHistogram.series(labels).observe(value);
      }
      const lines = async (registry: Registry): Promise<string[]> => (await registry.metrics()).split('\n').sort();
      expect(await lines(quick)).toEqual(await lines(library));
    }),
  );
});
