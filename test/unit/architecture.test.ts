import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Which room may know which. A room is a folder below `src/`, a file in it, or `machines/`; `machines/shared` is the
 * vocabulary. Rooms that are not named are forbidden, and so is a new room without a rule. An import of types only costs
 * nothing at run time.
 */
interface Rule {
  readonly rooms?: readonly string[];
  readonly onlyTypesOfRooms?: readonly string[];
  readonly packages?: readonly string[];
  readonly onlyTypesOfPackages?: readonly string[];
  /** May use Node's own modules. */
  readonly node: boolean;
}

const RULES: Readonly<Record<string, Rule>> = {
  machines: { packages: ['xstate'], node: false },
  errors: { onlyTypesOfRooms: ['machines'], node: false },
  'listen-address': { node: false },
  'data-directory': { node: true },
  'tls-files': { rooms: ['config'], node: true },
  rfc3339: { node: false },
  'node-http': { node: true },
  'write-together': { node: true },
  config: {
    rooms: ['machines/orchestrator/policies'],
    onlyTypesOfRooms: ['machines'],
    packages: ['ajv', 'js-yaml'],
    node: true,
  },
  secrets: { node: false },
  process: { rooms: ['secrets'], packages: ['tree-kill'], node: true },
  upstream: { rooms: ['node-http', 'write-together'], onlyTypesOfRooms: ['config'], node: true },
  actors: {
    rooms: ['node-http', 'machines', 'process', 'upstream'],
    onlyTypesOfRooms: ['config', 'dispatch'],
    packages: ['xstate'],
    node: true,
  },
  dispatch: {
    rooms: ['machines', 'errors'],
    onlyTypesOfRooms: ['config', 'upstream'],
    onlyTypesOfPackages: ['xstate'],
    node: true,
  },
  peers: { rooms: ['node-http'], onlyTypesOfRooms: ['config', 'dispatch'], node: true },
  http: {
    rooms: ['node-http', 'write-together', 'machines/shared', 'dispatch', 'errors', 'activity', 'rfc3339', 'secrets'],
    onlyTypesOfRooms: ['config', 'peers', 'observability', 'metrics', 'host', 'tls-files', 'upstream'],
    packages: ['express', 'http-proxy-middleware'],
    node: true,
  },
  observability: {
    rooms: ['node-http', 'machines/shared'],
    onlyTypesOfRooms: ['config'],
    packages: ['winston', 'ws'],
    onlyTypesOfPackages: ['xstate'],
    node: true,
  },
  activity: { rooms: ['node-http', 'rfc3339'], node: true },
  metrics: { rooms: ['machines/shared'], onlyTypesOfRooms: ['host'], packages: ['prom-client'], node: true },
  host: { rooms: ['rfc3339'], node: true },
  demo: { rooms: ['node-http'], onlyTypesOfRooms: ['config'], node: true },
  'read-config': { rooms: ['config', 'process'], onlyTypesOfRooms: ['machines'], node: false },
  turns: { node: false },
  reload: { rooms: ['config'], onlyTypesOfRooms: ['machines', 'turns'], node: false },
  relocation: { rooms: ['config'], onlyTypesOfRooms: ['machines', 'turns'], node: false },
  'open-store': { onlyTypesOfRooms: ['config', 'observation'], node: true },
  supervisor: {
    rooms: ['config', 'process', 'actors', 'dispatch', 'peers'],
    onlyTypesOfRooms: ['machines', 'observability'],
    onlyTypesOfPackages: ['xstate'],
    node: false,
  },
  version: { node: true },
  observation: {
    rooms: ['dispatch', 'http', 'activity', 'metrics', 'host', 'observability', 'version', 'errors'],
    onlyTypesOfRooms: ['machines', 'config'],
    node: false,
  },
  gateway: {
    rooms: [
      'observation',
      'machines',
      'errors',
      'data-directory',
      'listen-address',
      'tls-files',
      'config',
      'process',
      'dispatch',
      'read-config',
      'turns',
      'reload',
      'relocation',
      'open-store',
      'supervisor',
      'http',
      'observability',
      'activity',
      'metrics',
      'host',
    ],
    onlyTypesOfPackages: ['xstate'],
    node: true,
  },
  cli: {
    rooms: ['gateway', 'config', 'demo', 'machines', 'observability', 'data-directory', 'listen-address'],
    onlyTypesOfRooms: ['reload', 'tls-files'],
    node: true,
  },
  main: { rooms: ['cli', 'version'], node: true },
  launcher: { rooms: ['main'], node: true },
};

const ROOT = join(import.meta.dirname, '../..');

interface Import {
  readonly from: string;
  readonly onlyTypes: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?([^'"`;]*?)\s*from\s+'([^']+)'/gm;
const SIDE_EFFECT_OR_DYNAMIC = /(?:^import\s+|\bimport\()'([^']+)'/gm;

function importsOf(text: string): Import[] {
  const statements = [...text.matchAll(STATEMENT)].map(([, type, clause = '', from = '']) => ({
    from,
    onlyTypes: type !== undefined || /^\{(\s*type\s[^,}]*,?)+\s*\}$/.test(clause),
  }));
  const others = [...text.matchAll(SIDE_EFFECT_OR_DYNAMIC)].map(([, from = '']) => ({ from, onlyTypes: false }));
  return [...statements, ...others];
}

/** @param file Relative to the repository, with slashes. */
function roomOf(file: string): string {
  const [top = '', room = ''] = file.split('/');
  return top === 'src' ? room.replace(/\.[jt]s$/, '') : top;
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** What a file with this text may not import. */
function violationsOf(file: string, text: string): string[] {
  const rule = RULES[roomOf(file)];
  if (rule === undefined) return [`${file}: the room "${roomOf(file)}" has no rule`];
  return importsOf(text)
    .filter(({ from, onlyTypes }) => !isAllowed(rule, file, from, onlyTypes))
    .map(({ from }) => `${file} imports ${from}`);
}

function isAllowed(rule: Rule, file: string, from: string, onlyTypes: boolean): boolean {
  if (from.startsWith('.')) {
    const target = join(dirname(file), from).split(sep).join('/');
    const isIn = (room: string): boolean => roomOf(target) === room || target.startsWith(`${room}/`);
    return (
      isIn(roomOf(file)) || rule.rooms?.some(isIn) === true || (onlyTypes && rule.onlyTypesOfRooms?.some(isIn) === true)
    );
  }
  if (isBuiltin(from)) return rule.node;
  const name = packageOf(from);
  return rule.packages?.includes(name) === true || (onlyTypes && rule.onlyTypesOfPackages?.includes(name) === true);
}

/**
 * The files that are in a circle of imports, or lead into one: what is left when those that import nothing of the rest are
 * taken away, again and again.
 */
function inCircles(files: readonly { readonly file: string; readonly text: string }[]): string[] {
  let rest = new Map(
    files.map(({ file, text }) => {
      const own = importsOf(text).filter(({ from }) => from.startsWith('.'));
      return [file, own.map(({ from }) => join(dirname(file), from).split(sep).join('/'))];
    }),
  );
  for (let size = Infinity; rest.size < size;) {
    size = rest.size;
    const known = rest;
    rest = new Map([...known].filter(([, targets]) => targets.some((target) => known.has(target))));
  }
  return [...rest.keys()];
}

const FILES = globSync(['machines/**/*.ts', 'src/**/*.{ts,js}'], { cwd: ROOT })
  .map((file) => file.split(sep).join('/'))
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

describe('architecture', () => {
  it('no file imports what its room may not know', () => {
    expect(FILES.length).toBeGreaterThan(40);
    expect(FILES.flatMap(({ file, text }) => violationsOf(file, text))).toEqual([]);
  });

  it('no files know each other in a circle, not even by their types', () => {
    expect(inCircles(FILES)).toEqual([]);
  });

  it('would notice a circle', () => {
    const circle = [
      { file: 'src/a.ts', text: `import type { B } from './b/b.ts';` },
      { file: 'src/b/b.ts', text: `import { c } from '../c.ts';` },
      { file: 'src/c.ts', text: `const a = await import('./a.ts');` },
      { file: 'src/d.ts', text: `import 'node:fs';` },
    ];
    expect(inCircles(circle)).toEqual(['src/a.ts', 'src/b/b.ts', 'src/c.ts']);
    expect(inCircles(circle.slice(1))).toEqual([]);
  });

  it('machines/ reads no clock, no chance and no timer', () => {
    const impure = /\b(Date\.now|new Date|Math\.random|setTimeout|setInterval|performance\.|globalThis)\b/;
    expect(FILES.filter(({ file, text }) => file.startsWith('machines/') && impure.test(text))).toEqual([]);
  });

  it('only main.ts ends the program, and the stand-in server, which is one of its own', () => {
    const enders = FILES.filter(({ text }) => /\bprocess\.exit\(/.test(text)).map(({ file }) => file);
    expect(enders.filter((file) => file !== 'src/demo/stand-in-server.ts')).toEqual(['src/main.ts']);
  });

  it.each([
    ['machines/model/a.ts', `import { once } from 'node:events';`],
    ['machines/model/a.ts', `import type { Config } from '../../src/config/types.ts';`],
    ['src/http/a.ts', `import { createActor } from 'xstate';`],
    ['src/http/a.ts', `import {\n  start,\n} from '../actors/wire.ts';`],
    ['src/http/routes/a.ts', `export * from '../../process/spawn.ts';`],
    ['src/http/routes/a.ts', `const a = await import('../../gateway.ts');`],
    ['src/config/a.ts', `import '../gateway.ts';`],
    ['src/config/a.ts', `import { type Phase, PHASES } from '../../machines/shared/phase.ts';`],
    ['src/observability/a.ts', `import { createActor } from 'xstate';`],
    ['src/http/a.ts', `import { modelMachine } from '../../machines/model/machine.ts';`],
    ['src/process/a.ts', `import type { Config } from '../config/types.ts';`],
    ['src/unheard-of/a.ts', ``],
  ])('would notice %s: %s', (file, text) => {
    expect(violationsOf(file, text)).toHaveLength(1);
  });

  it.each([
    ['src/config/a.ts', `import { type Phase } from '../../machines/shared/phase.ts';`],
    ['src/http/routes/a.ts', `import type { Desk } from '../../dispatch/lease.ts';\nimport express from 'express';`],
    ['src/http/a.ts', `import { modelActorId } from '../../machines/shared/ids.ts';`],
    ['src/cli/a.ts', `const { createGateway } = await import('../gateway.ts');`],
  ])('allows %s: %s', (file, text) => {
    expect(violationsOf(file, text)).toEqual([]);
  });
});
