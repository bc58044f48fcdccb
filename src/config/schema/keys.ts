import { flag, text, texts, whole, type SchemaNode } from './node.ts';

/** The keys of clients: plain, or with what may be done with them. */
export const apiKeys: SchemaNode = {
  description: 'Keys, one of which clients must send. None = everybody may use the gateway.',
  type: 'array',
  items: {
    anyOf: [
      { type: 'string' },
      {
        type: 'object',
        properties: {
          key: text('The key itself.', { 'x-emptyCounts': true, examples: ['${env.ALICE_KEY}'] }),
          name: text('Shown in place of the key in logs, activity and metrics; key-1, key-2, … by default.', {
            examples: ['alice'],
          }),
          models: texts(
            'What it may be used for: models, aliases, selectors, profiles, models of peers, peers. None given = all.',
            { examples: [['model-a', 'model-b']] },
          ),
          concurrencyLimit: whole('Requests at a time, waiting ones included; the next gets 429. 0 = no limit.', {
            default: 0,
            examples: [4],
          }),
          admin: flag('May see and change what concerns everybody. By default true, unless models are given.', {
            examples: [true],
          }),
        },
        required: ['key'],
        additionalProperties: false,
        'x-strict': true,
      },
    ],
  },
  examples: [['${env.API_KEY}']],
};
