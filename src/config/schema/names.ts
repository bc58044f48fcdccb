import { filters, timeouts } from './model.ts';
import { anything, flag, group, named, text, texts, whole, type SchemaNode } from './node.ts';

/** What stands beside the models: profiles, selectors and peers. */
export const profiles = named(
  'Lists of models that load, stay and unload together; or names that lead elsewhere while a profile is switched on.',
  {
    anyOf: [
      { type: 'array', items: { type: 'string' }, minItems: 1, examples: [['model-a', 'model-b']] },
      {
        type: 'object',
        properties: {
          description: text('A description for people.'),
          pins: named('Name → the model, alias, peer model or selector it stands for; empty = switched off.', {
            type: ['string', 'null'],
            'x-emptyCounts': true,
          }),
        },
        required: ['pins'],
        additionalProperties: false,
      },
    ],
    'x-emptyCounts': true,
  },
);

const selector: SchemaNode = {
  type: 'object',
  properties: {
    strategy: text('How a target is chosen.', { enum: ['warm', 'pin', 'spillover'], examples: ['warm'] }),
    targets: texts('Models, aliases or peer models, in the order of preference.', {
      minItems: 1,
      examples: [['model-a', 'model-b']],
    }),
    settings: group('Settings of the strategy.', {
      spillover: whole('Requests on each busy target before a cold one is started.', { default: 1, examples: [2] }),
    }),
    name: text('A name for people.'),
    description: text('A description for people.'),
    unlisted: flag('Leave it out of /v1/models; it can still be used.', { default: false, examples: [true] }),
    metadata: anything('Anything; shown in /v1/models as meta.llamaswap.'),
  },
  required: ['strategy', 'targets'],
  additionalProperties: false,
  'x-emptyCounts': true,
};

export const selectors = named('Virtual models: each request goes to one of the targets.', selector);

export const peers = named('Other servers to forward to.', {
  type: 'object',
  properties: {
    proxy: text('The URL of the server; the path of a request is put behind it.', {
      examples: ['http://192.168.1.23:8080'],
    }),
    models: texts('The models it offers, by the names it knows; may be left out with discover.', {
      examples: [['model-a']],
    }),
    discover: flag('Add the models that it lists in its own /v1/models.', { default: false, examples: [true] }),
    apiKey: text('Sent as Authorization: Bearer and x-api-key.', { examples: ['${env.PEER_KEY}'] }),
    filters: group('Changes to the JSON bodies of requests.', filters),
    timeouts: timeouts(60),
  },
  required: ['proxy'],
  additionalProperties: false,
});
