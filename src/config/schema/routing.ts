import { flag, group, named, text, texts, whole } from './node.ts';

/** Who may run at the same time, and who goes first. */
export const groups = named(
  'Sets of models that may run together. A model that is in none runs alone.',
  group('A set of models.', {
    swap: flag('Only one member at a time.', { default: true, examples: [false] }),
    exclusive: flag('A member that starts unloads the models of other groups.', { default: true, examples: [false] }),
    persistent: flag('Other groups never unload the members.', { default: false, examples: [true] }),
    members: texts('Ids of models; each in one group only.', { examples: [['model-a', 'model-b']] }),
  }),
);

export const matrix = group('Which models may run together, as expressions.', {
  vars: named('Short name → id of a model.', { type: 'string' }),
  evict_costs: named('Short name or id → what it costs to unload the model; 1 when left out.', whole('1 or more.')),
  sets: named('Name → an expression: a & b = together, a | b = either, +name = another set.', { type: 'string' }),
});

export const routing = group('Who may run at the same time, and who goes first.', {
  scheduler: group('The order of waiting requests.', {
    use: text('The only one there is.', { enum: ['fifo'], default: 'fifo', examples: ['fifo'] }),
    settings: group('Settings of the scheduler.', {
      fifo: group('First come, first served, within a priority.', {
        priority: named('Model → a number; the higher ones go first, and 0 is the default.', whole('A priority.')),
      }),
    }),
  }),
  router: group('Which models may run together.', {
    use: text('Which of the settings count.', { enum: ['group', 'matrix'], default: 'group', examples: ['group'] }),
    settings: group('Settings of the routers.', { groups, matrix }),
  }),
});
