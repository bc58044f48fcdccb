import { apiKeys } from './schema/keys.ts';
import { liveness, model } from './schema/model.ts';
import { peers, profiles, selectors } from './schema/names.ts';
import { flag, group, macros, named, number, texts, whole, type SchemaNode } from './schema/node.ts';
import { observing } from './schema/observing.ts';
import { groups, matrix, routing } from './schema/routing.ts';

/** The whole schema of a configuration file. Seconds throughout. */
export const configSchema: SchemaNode = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'llama-swap configuration',
  type: 'object',
  properties: {
    models: named('The models, by the id that clients ask for.', model),
    healthCheckTimeout: number('Seconds a model may take to start; at least 15.', { default: 120, examples: [120] }),
    startPort: whole('The first port given out for ${PORT}.', {
      minimum: 1,
      maximum: 65535,
      default: 5800,
      examples: [5800],
    }),
    globalTTL: number('The ttl of models that give none, in seconds; 0 = never unload.', {
      minimum: 0,
      default: 0,
      examples: [600],
    }),
    unloadTimeout: number('Seconds from asking a model to stop to killing it; 0 = 10.', {
      minimum: 0,
      default: 10,
      examples: [10],
    }),
    liveness,
    sendLoadingState: flag('Tell streaming clients about the loading of models.', { default: false, examples: [true] }),
    includeAliasesInList: flag('List aliases in /v1/models, too.', { default: false, examples: [true] }),
    macros: macros('Named values, used as ${name}. A macro may use those declared above it.'),
    apiKeys,
    hooks: group('What to do at certain moments.', {
      on_startup: group('When the gateway starts.', {
        preload: texts('Models to load, one after the other.', { examples: [['model-a']] }),
      }),
    }),
    groups,
    matrix,
    routing,
    profiles,
    selectors,
    peers,
    scheduler: group('How waiting requests are treated.', {
      maxWait: number('Seconds after which a waiting request holds up the models in its way.', {
        minimum: 0,
        default: 60,
        examples: [60],
      }),
      maxQueue: whole('Requests that may wait for one model; the next gets 429.', {
        minimum: 1,
        default: 1000,
        examples: [1000],
      }),
    }),
    server: group('The HTTP server of the gateway.', {
      maxBodySize: number('Largest request body, in MiB.', { exclusiveMinimum: 0, default: 512, examples: [512] }),
      cors: group('Web pages of other origins.', {
        origins: texts('Origins whose pages may read every answer; * = all.', { examples: [['https://chat.example']] }),
      }),
    }),
    upstream: group('Settings of /upstream.', {
      ignorePaths: texts('Regular expressions (RE2): requests for such paths do not load a model.', {
        default: ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$'],
        examples: [['\\.css$']],
      }),
    }),
    ...observing,
  },
  patternProperties: { '^x-': { description: 'Ignored: room for YAML anchors.' } },
  additionalProperties: false,
};
