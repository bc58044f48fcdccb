import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfigFile, parseConfig } from '../../../src/config/load.ts';

const EXAMPLES = fileURLToPath(new URL('../../../docs/examples', import.meta.url));
const README = fileURLToPath(new URL('../../../README.md', import.meta.url));
const files = readdirSync(EXAMPLES);

/** The YAML blocks of a Markdown file. */
function yamlBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

describe('docs/examples', () => {
  it.each(files.filter((file) => file.endsWith('.yaml')))('%s is read without an error or a warning', async (file) => {
    const { config, warnings } = await loadConfigFile(`${EXAMPLES}/${file}`);
    expect(warnings).toEqual([]);
    expect(config.models.size).toBeGreaterThan(0);
  });

  it('are all listed in their README', () => {
    const readme = readFileSync(`${EXAMPLES}/README.md`, 'utf8');
    for (const file of files.filter((file) => file !== 'README.md')) expect(readme).toContain(`](${file})`);
  });

  it('stops each container by the name that it was started with', async () => {
    const { config } = await loadConfigFile(`${EXAMPLES}/containers.yaml`);
    for (const { id, argv, stopArgv } of config.models.values()) {
      expect(argv[argv.indexOf('--name') + 1]).toBe(id);
      expect(stopArgv?.at(-1)).toBe(id);
      expect(stopArgv?.[0]).toBe(argv[0]);
    }
  });
});

describe('README', () => {
  it('shows a configuration that is read without an error or a warning', async () => {
    const blocks = yamlBlocks(readFileSync(README, 'utf8'));
    expect(blocks).not.toEqual([]);
    for (const block of blocks) expect((await parseConfig(block)).warnings).toEqual([]);
  });

  it('gives exactly two commands: one that installs and runs, one that installs and tests', () => {
    const commands = readFileSync(README, 'utf8').match(/^npm ci && .*$/gm);
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test']);
  });
});
