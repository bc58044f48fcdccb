import { resolvePlain } from './plain-scalar.ts';
import type { KeyPath, Place, ProblemLog } from './problems.ts';
import type { Entry, Node, ScalarNode } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([a-zA-Z0-9_.-]+)\}/g;
const MASKED = /\$\uE001([a-zA-Z0-9_.-]+)\uE002/g;
const ENV_NAME = /^env\.([A-Za-z_][A-Za-z0-9_]*)$/;

/**
 * Hides the braces of every `${…}` from the YAML parser, so that `[${env.NAME}]` is a list and not a syntax error. The
 * mask is as long as what it hides: positions stay those of the original.
 */
export function maskReferences(source: string): string {
  return source.replace(REFERENCE, '$\uE001$1\uE002');
}

export function unmaskReferences(masked: string): string {
  return masked.replace(MASKED, '$${$1}');
}

/** Offsets of all `${env.NAME}` in a masked piece of source, in order. */
export function envReferenceOffsets(masked: string): number[] {
  return [...masked.matchAll(MASKED)].filter(([, name]) => ENV_NAME.test(name ?? '')).map((match) => match.index);
}

/**
 * Replaces every `${env.NAME}` in keys and values. It works on the parsed tree and not on the text: a value with quotes,
 * `#` or `: ` in it stays that value, and a reference in a comment asks for nothing. The value of a variable may hold
 * `${env.OTHER}` (one level) and `${macro}`. Other names, such as `${env.1A}`, stay as they are.
 */
export function substituteEnv(node: Node, env: Environment, problems: ProblemLog, path: KeyPath = []): Node {
  switch (node.kind) {
    case 'scalar':
      return substituteScalar(node, env, problems, path);
    case 'list':
      return {
        ...node,
        items: node.items.map((item, index) => substituteEnv(item, env, problems, [...path, index])),
      };
    case 'mapping': {
      const entries = new Map<string, Entry>();
      for (const [key, { place, value }] of node.entries) {
        const name = substituteText(key, env, problems, path, () => place);
        if (entries.has(name))
          problems.error(place, [...path, key], 'is the same key as another one here', 'keep one of the two');
        else entries.set(name, { place, value: substituteEnv(value, env, problems, [...path, name]) });
      }
      return { ...node, entries };
    }
  }
}

function substituteScalar(leaf: ScalarNode, env: Environment, problems: ProblemLog, path: KeyPath): ScalarNode {
  if (!leaf.text.includes('${env.')) return leaf;
  const text = substituteText(leaf.text, env, problems, path, (index) => leaf.references[index] ?? leaf.place);
  return { ...leaf, text, value: leaf.plain ? resolvePlain(text) : text };
}

function substituteText(
  text: string,
  env: Environment,
  problems: ProblemLog,
  path: KeyPath,
  placeOf: (index: number) => Place,
): string {
  let index = 0;
  return text.replace(REFERENCE, (reference, reached: string) => {
    const name = ENV_NAME.exec(reached)?.[1];
    if (name === undefined) return reference;
    const place = placeOf(index++);
    return readVariable(name, env, problems, path, place).replace(REFERENCE, (inner, innerReached: string) => {
      const innerName = ENV_NAME.exec(innerReached)?.[1];
      return innerName === undefined ? inner : readVariable(innerName, env, problems, path, place);
    });
  });
}

function readVariable(name: string, env: Environment, problems: ProblemLog, path: KeyPath, place: Place): string {
  const value = env[name];
  if (value === undefined) {
    problems.error(
      place,
      path,
      `the environment variable ${name} is not set`,
      `set ${name} (it may be empty), or take out \${env.${name}}`,
    );
    return '';
  }
  if (/[\n\r\0]/.test(value)) {
    problems.error(
      place,
      path,
      `the environment variable ${name} holds a line break or a NUL`,
      'a variable used with ${env.…} must hold a single line',
    );
    return '';
  }
  return value;
}
