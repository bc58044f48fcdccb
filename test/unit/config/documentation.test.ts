import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatProblems } from '../../../src/config/problems.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { SchemaNode } from '../../../src/config/schema/node.ts';
import { problemsOf } from './load-text.ts';

/** All key paths of a schema; those of a model, a selector, a peer and a group as if they stood at the top. */
function keys(schema: SchemaNode | undefined, prefix = ''): string[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([key, value]) => {
    const nested = keys(value, `${prefix}${key}.`);
    return nested.length > 0 ? nested : [`${prefix}${key}`];
  });
}

describe('docs/configuration.md', () => {
  let text: string;

  beforeAll(async () => {
    text = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  });

  it('names every key', () => {
    const each = (section: string): string[] =>
      keys(configSchema.properties?.[section]?.additionalProperties as SchemaNode);
    const ofKeys = keys(configSchema.properties?.['apiKeys']?.items?.anyOf?.[1]);
    const paths = [...keys(configSchema), ...['models', 'selectors', 'peers', 'groups'].flatMap(each), ...ofKeys];
    const missing = paths.filter((key) => !text.includes(`\`${key}\``));
    expect(missing).toEqual([]);
  });

  it('shows the report that its wrong example really gives', async () => {
    const wrong = /<!-- wrong -->\s+```yaml\n([^]*?)```/.exec(text)?.[1] ?? '';
    const report = /<!-- report -->\s+```text\n([^]*?)\n```/.exec(text)?.[1];
    expect(formatProblems(await problemsOf(wrong))).toBe(report);
  });

  it('has examples that load without errors', async () => {
    const examples = [...text.matchAll(/(?<!<!-- wrong -->\s+)```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      const problems = await problemsOf(example, {
        env: { HOME: '/home/me', QWEN_KEY: 'k', ADMIN_KEY: 'k', ALICE_KEY: 'l', PROVIDER_KEY: 'k', TTL: '60' },
      });
      expect(problems.filter(({ path }) => path !== 'models')).toEqual([]);
    }
  });
});
