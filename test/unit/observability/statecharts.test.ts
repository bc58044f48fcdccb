import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { modelMachine } from '../../../machines/model/machine.ts';
import { orchestratorMachine } from '../../../machines/orchestrator/machine.ts';
import { profileMachine } from '../../../machines/profile/machine.ts';
import { PHASES } from '../../../machines/shared/phase.ts';
import { swapMachine } from '../../../machines/swap/machine.ts';
import { describeMachine, describeMachines } from '../../../src/observability/machine-definitions.ts';
import { mermaid, statechartsPage } from '../../../src/observability/statecharts.ts';

const MACHINES = [modelMachine, profileMachine, swapMachine, orchestratorMachine];

const lamp = setup({
  types: { events: {} as { type: 'press' } | { type: 'look' } },
  actions: { click: () => {}, warm: () => {} },
  guards: { hasBulb: () => true, isHot: () => false },
  delays: { patience: 1_000 },
}).createMachine({
  id: 'lamp',
  initial: 'off',
  on: { look: { actions: 'click' } },
  states: {
    off: { on: { press: [{ guard: 'hasBulb', target: 'burning', actions: 'click' }, {}] } },
    burning: {
      initial: 'cold-white',
      entry: 'warm',
      after: { patience: 'off' },
      always: { guard: 'isHot', target: '#lamp.broken' },
      states: { 'cold-white': {} },
    },
    broken: { type: 'final' },
  },
});

describe('machine definitions', () => {
  it('name states, events, guards and actions', () => {
    const { states, transitions, initial } = describeMachine(lamp);
    expect(initial).toBe('off');
    expect(transitions).toEqual([{ event: 'look', label: 'look', guard: null, targets: [], actions: ['click'] }]);
    expect(states.map(({ path, type }) => [path, type])).toEqual([
      ['off', 'atomic'],
      ['burning', 'compound'],
      ['broken', 'final'],
    ]);
    expect(states[0]?.transitions[0]).toEqual({
      event: 'press',
      label: 'press',
      guard: 'hasBulb',
      targets: ['burning'],
      actions: ['click'],
    });
    expect(states[1]).toMatchObject({
      initial: 'cold-white',
      entry: ['warm'],
      states: [{ path: 'burning.cold-white' }],
    });
    expect(states[1]?.transitions.map(({ label, guard }) => [label, guard])).toEqual([
      ['always', 'isHot'],
      ['after patience', null],
    ]);
  });

  it('are plain JSON', () => {
    const definitions = describeMachines(MACHINES);
    expect(JSON.parse(JSON.stringify(definitions))).toEqual(definitions);
    expect(Object.keys(definitions)).toEqual(['model', 'profile', 'swap', 'orchestrator']);
  });

  it.each(['model', 'profile'])('%s has the public states and no others', (id) => {
    expect(describeMachines(MACHINES)[id]?.states.map(({ key }) => key)).toEqual([...PHASES]);
  });
});

describe('statecharts', () => {
  it('draw a machine', () => {
    expect(mermaid(describeMachine(lamp))).toBe(`stateDiagram-v2
  [*] --> off
  state "off" as off
  state "burning" as burning {
    [*] --> burning_cold_white
    state "cold-white" as burning_cold_white
  }
  state "broken" as broken
  off --> burning: press [hasBulb] / click
  note right of off
    press
  end note
  burning --> broken: always [isHot]
  burning --> off: after patience
  note right of burning
    entry / warm
  end note
  broken --> [*]`);
  });

  it('in docs/statecharts.md are those of the machines; `npm run statecharts` writes them', () => {
    const page = readFileSync(new URL('../../../docs/statecharts.md', import.meta.url), 'utf8');
    expect(page).toBe(statechartsPage(MACHINES.map(describeMachine)));
  });
});
