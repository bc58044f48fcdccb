import type { MachineDefinition, StateDefinition, TransitionDefinition } from './machine-definitions.ts';

/** The whole of `docs/statecharts.md`. */
export function statechartsPage(definitions: readonly MachineDefinition[]): string {
  const sections = definitions.map((definition) =>
    [`## ${definition.id}`, '', '```mermaid', mermaid(definition), '```', ...alwaysTaken(definition), ''].join('\n'),
  );
  return `${[
    '# Statecharts',
    '',
    'Drawn from the machines by `npm run statecharts`; a test fails when this page is out of date.',
    'A label is `event [guard] / actions`; a note lists what a state does without leaving it.',
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()}\n`;
}

/** One machine as a Mermaid `stateDiagram-v2`, without a newline at the end. */
export function mermaid(definition: MachineDefinition): string {
  const lines = ['stateDiagram-v2'];
  const walk = (states: readonly StateDefinition[], indent: string): void => {
    for (const state of states) {
      const name = idOf(state.path);
      if (state.states.length === 0) {
        lines.push(`${indent}state "${state.key}" as ${name}`);
      } else {
        lines.push(`${indent}state "${state.key}" as ${name} {`);
        if (state.initial !== null) lines.push(`${indent}  [*] --> ${idOf(`${state.path}.${state.initial}`)}`);
        walk(state.states, `${indent}  `);
        lines.push(`${indent}}`);
      }
    }
  };
  if (definition.initial !== null) lines.push(`  [*] --> ${idOf(definition.initial)}`);
  walk(definition.states, '  ');
  for (const state of flatten(definition.states)) {
    const name = idOf(state.path);
    const stays: string[] = [];
    for (const transition of state.transitions) {
      if (transition.targets.length === 0) stays.push(labelOf(transition));
      for (const target of transition.targets) lines.push(`  ${name} --> ${idOf(target)}: ${labelOf(transition)}`);
    }
    if (state.type === 'final') lines.push(`  ${name} --> [*]`);
    const notes = [
      ...state.invokes.map((actor) => `runs ${actor}`),
      ...(state.entry.length > 0 ? [`entry / ${state.entry.join(', ')}`] : []),
      ...(state.exit.length > 0 ? [`exit / ${state.exit.join(', ')}`] : []),
      ...stays,
    ];
    if (notes.length > 0) lines.push(`  note right of ${name}`, ...notes.map((note) => `    ${note}`), '  end note');
  }
  return lines.join('\n');
}

/** Transitions and actors of the machine itself have no place in the picture. */
function alwaysTaken(definition: MachineDefinition): string[] {
  const lines = [
    ...definition.invokes.map((actor) => `- runs \`${actor}\` for as long as it lives`),
    ...definition.transitions.map(
      (transition) =>
        `- \`${labelOf(transition)}\`${transition.targets.length > 0 ? ` → \`${transition.targets.join('`, `')}\`` : ''}`,
    ),
  ];
  return lines.length > 0 ? ['', 'In every state:', '', ...lines] : [];
}

function labelOf({ label, guard, actions }: TransitionDefinition): string {
  return [
    label,
    ...(guard === null ? [] : [`[${guard}]`]),
    ...(actions.length === 0 ? [] : [`/ ${actions.join(', ')}`]),
  ]
    .join(' ')
    .replaceAll(':', '#58;');
}

/** Mermaid takes no dots and hyphens in names. */
function idOf(path: string): string {
  return path.replaceAll(/[^a-zA-Z0-9]/g, '_');
}

function flatten(states: readonly StateDefinition[]): StateDefinition[] {
  return states.flatMap((state) => [state, ...flatten(state.states)]);
}
