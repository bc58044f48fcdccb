import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { demoConfig } from '../../../src/demo/demo-config.ts';

it('is a configuration without a warning, whose commands exist and name their model', async () => {
  const { config, warnings } = await parseConfig(demoConfig());
  expect(warnings).toEqual([]);
  expect([...config.models.keys()]).toEqual(['demo-chat-small', 'demo-chat-large', 'demo-embed']);
  for (const { id, argv, upstream } of config.models.values()) {
    expect(argv.slice(0, 2).map((path) => existsSync(path))).toEqual([true, true]);
    expect(argv).toContain(id);
    expect(argv).toContain(String(upstream.port));
  }
});

it('has a profile of models that fit together', async () => {
  const { config } = await parseConfig(demoConfig());
  expect(config.profiles.get('rag')?.members).toEqual(['demo-chat-small', 'demo-embed']);
});
