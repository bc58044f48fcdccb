import { closest } from './closest.ts';
import type { KeyPath, ProblemLog } from './problems.ts';
import { mapScalars, type Node, type ScalarNode } from './tree.ts';

/** A named value, as declared: references to macros declared earlier are still in it. */
export interface Macro {
  readonly name: string;
  readonly value: ScalarNode;
}

const RESERVED_MACROS: readonly string[] = ['PORT', 'MODEL_ID', 'PID'];

const NAME = /^[a-zA-Z0-9_-]+$/;
const MAX_NAME_LENGTH = 63;
const REFERENCE = /\$\{([a-zA-Z0-9_-]+)\}/g;
/** Macros may use macros: twenty lines can stand for gigabytes. */
const MAX_TEXT_LENGTH = 1_048_576;

/** Reads a `macros` block in its order. What is wrong with it becomes problems, and such macros are left out. */
export function declareMacros(block: Node | undefined, path: KeyPath, problems: ProblemLog): Macro[] {
  if (block === undefined || (block.kind === 'scalar' && block.value === null)) return [];
  if (block.kind !== 'mapping') {
    problems.error(block.place, path, 'must be a mapping of names to values', 'write one "name: value" per line');
    return [];
  }
  if (block.merged) {
    problems.error(block.place, path, 'cannot take in a merge key (<<)', 'declare each macro here: their order counts');
  }
  const macros: Macro[] = [];
  for (const [name, { place, value }] of block.entries) {
    const wrong = whatIsWrongWith(name, value);
    if (wrong) problems.error(place, [...path, name], ...wrong);
    else if (value.kind === 'scalar') macros.push({ name, value });
  }
  return macros;
}

function whatIsWrongWith(name: string, value: Node): [message: string, hint: string] | null {
  if (!NAME.test(name)) return ['is not a macro name', 'use letters, digits, "_" and "-" only'];
  if (name.length > MAX_NAME_LENGTH)
    return ['is too long for a macro name', `use at most ${MAX_NAME_LENGTH} characters`];
  if (RESERVED_MACROS.includes(name)) return ['is reserved: the gateway sets it', 'choose another name'];
  if (value.kind !== 'scalar' || value.value === null) {
    return ['must be text, a number, true or false', 'give it one single value'];
  }
  if (value.text.includes(`\${${name}}`)) return ['refers to itself', `take \${${name}} out of its value`];
  return null;
}

/** The macros of a model: one that has the name of a global macro takes its place in the order, others come last. */
export function overrideMacros(globals: readonly Macro[], own: readonly Macro[]): Macro[] {
  const replaced = globals.map((macro) => own.find(({ name }) => name === macro.name) ?? macro);
  return [...replaced, ...own.filter(({ name }) => !globals.some((macro) => macro.name === name))];
}

/** Expands macros in every scalar below `node`, not in keys. Names that are not among them stay as they are. */
export function expandMacros(node: Node, macros: readonly Macro[], path: KeyPath, problems: ProblemLog): Node {
  return mapScalars(node, path, (leaf, leafPath) => {
    const expanded = expandScalar(leaf, macros);
    if (expanded !== null) return expanded;
    const message = `grows to more than ${MAX_TEXT_LENGTH} characters when its macros are expanded`;
    problems.error(leaf.place, leafPath, message, 'use fewer macros inside macros');
    return { ...leaf, value: '', text: '', shown: '' };
  });
}

/**
 * Expands from the last declared macro to the first, so that a macro may use those before it. A text that is nothing but
 * one reference becomes the macro's value with its type; inside a longer text the macro's spelling is put in.
 *
 * @returns null when the text grows too long
 */
export function expandScalar(leaf: ScalarNode, macros: readonly Macro[]): ScalarNode | null {
  let result = leaf;
  for (const { name, value } of macros.toReversed()) {
    const reference = `\${${name}}`;
    if (!result.text.includes(reference)) continue;
    if (result.text === reference && typeof result.value === 'string') {
      result = { ...value, place: leaf.place };
      continue;
    }
    const text = result.text.replaceAll(reference, () => value.text);
    if (text.length > MAX_TEXT_LENGTH) return null;
    result = { ...result, text, value: text, shown: result.shown.replaceAll(reference, () => value.shown) };
  }
  return result;
}

export interface LeftoverRules {
  /** All macros known here, to explain a reference to one of them. */
  readonly macros: readonly Macro[];
  /** Says why a reserved name cannot be used here, or null where it may stay. */
  readonly reserved: (name: string, path: KeyPath) => [message: string, hint: string] | null;
}

/** Every `${name}` that is still there after expansion is an error. */
export function reportLeftovers(node: Node, path: KeyPath, rules: LeftoverRules, problems: ProblemLog): void {
  mapScalars(node, path, (leaf, leafPath) => {
    for (const [reference, name = ''] of leaf.text.matchAll(REFERENCE)) {
      const wrong = RESERVED_MACROS.includes(name)
        ? rules.reserved(name, leafPath)
        : leaf.shown.includes(reference)
          ? whyUnknown(name, rules.macros)
          : IN_ENVIRONMENT;
      if (wrong) problems.error(leaf.place, leafPath, ...wrong);
    }
    return leaf;
  });
}

/** What the environment holds is nobody's to read. */
const IN_ENVIRONMENT: [message: string, hint: string] = [
  'an environment variable used here holds an unknown macro',
  'declare that macro, or change the variable',
];

function whyUnknown(name: string, macros: readonly Macro[]): [message: string, hint: string] {
  if (macros.some((macro) => macro.name === name)) {
    return [
      `macro '\${${name}}' is used by a macro that is declared before it`,
      `move ${name} up: a macro can only use macros declared above it`,
    ];
  }
  const names = [...macros.map((macro) => macro.name), ...RESERVED_MACROS];
  const near = closest(name, names);
  return [
    `unknown macro '\${${name}}'`,
    near === null
      ? `declare ${name} under macros; an environment variable is written \${env.${name}}`
      : `did you mean \${${near}}?`,
  ];
}
