import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../kit/program.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const folder = temporaryFolder();

function configFile(text: string): string {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(file, text);
  return file;
}

async function checked(text: string, ...options: string[]) {
  const program = runProgram(['check', '--config', configFile(text), ...options]);
  return { code: await program.ended, output: program.stdout() };
}

const GOOD = `
models:
  a:
    cmd: true --port \${PORT}
`;
const ODD = `${GOOD}    ttll: 5\n`;
const BAD = `${GOOD}    ttl: soon\n    concurrencyLimit: many\n`;

describe('llama-swap check', () => {
  it('finds nothing wrong with a good file', async () => {
    const { code, output } = await checked(GOOD);
    expect(output).toMatch(/can be used: 1 model, 0 errors, 0 warnings\n$/);
    expect(code).toBe(0);
  });

  it('shows warnings, and does not fail for them', async () => {
    const { code, output } = await checked(ODD);
    expect(output).toMatch(/yaml:5:\d+: warning: .*ttll.*ttl/);
    expect(output).toMatch(/can be used: 1 model, 0 errors, 1 warning\n$/);
    expect(code).toBe(0);
  });

  it('lists every problem of a bad file and ends with 78', async () => {
    const { code, output } = await checked(BAD);
    expect(output).toMatch(/yaml:5:\d+: error: .*ttl/);
    expect(output).toMatch(/yaml:6:\d+: error: .*concurrencyLimit/);
    expect(output).toMatch(/cannot be used: 2 errors, 0 warnings\n$/);
    expect(code).toBe(78);
  });

  it('prints JSON for programs', async () => {
    const { code, output } = await checked(BAD, '--json');
    expect(JSON.parse(output)).toMatchObject({
      usable: false,
      models: null,
      problems: [
        { severity: 'error', path: 'models.a.ttl', line: 5 },
        { severity: 'error', path: 'models.a.concurrencyLimit', line: 6 },
      ],
    });
    expect(code).toBe(78);
  });

  it('puts the files of a directory together, with a file beside it or without', async () => {
    const directory = join(folder, 'parts');
    mkdirSync(directory);
    writeFileSync(join(directory, 'a.yaml'), GOOD);
    writeFileSync(join(directory, 'b.yml'), 'models:\n  b:\n    cmd: true --port ${PORT}\n');
    const alone = runProgram(['check', '--config-dir', directory]);
    expect(await alone.ended).toBe(0);
    expect(alone.stdout()).toContain(`${directory} can be used: 2 models`);
    const file = configFile('models:\n  a:\n    cmd: true --port ${PORT}\n');
    const both = runProgram(['check', '--json', '--config', file, '--config-dir', directory]);
    expect(await both.ended).toBe(78);
    expect(JSON.parse(both.stdout())).toMatchObject({
      file,
      directory,
      usable: false,
      problems: [{ file: join(directory, 'a.yaml'), message: expect.stringContaining('duplicate') as string }],
    });
  });

  it('a file that is not there is a problem like any other', async () => {
    const program = runProgram(['check', '--config', join(folder, 'none.yaml')]);
    expect(await program.ended).toBe(78);
    expect(program.stdout()).toContain('no such file');
  });
});
