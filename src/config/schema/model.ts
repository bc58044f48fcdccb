import { anything, flag, group, macros, named, number, text, texts, whole, noEffect, type SchemaNode } from './node.ts';

/** @param responseHeader the default, in seconds */
export function timeouts(responseHeader: number): SchemaNode {
  return group('Limits for connections to the upstream, in seconds. 0 switches a limit off.', {
    connect: number('Time to open a connection.', { minimum: 0, default: 30 }),
    tlsHandshake: number('Time for a TLS handshake.', { minimum: 0, default: 10 }),
    keepalive: number('Interval of TCP keep-alive probes.', { minimum: 0, default: 30 }),
    responseHeader: number('Time from the request to the first byte of the answer.', {
      minimum: 0,
      default: responseHeader,
    }),
    idleConn: number('Time an unused connection is kept.', { minimum: 0, default: 90 }),
    expectContinue: noEffect(
      'Time to wait for "100 Continue".',
      'the gateway itself answers clients that ask before they send a body, and asks no upstream',
    ),
  });
}

export const filters: Readonly<Record<string, SchemaNode>> = {
  stripParams: text('Parameters to take out of request bodies, with commas between them.', {
    examples: ['temperature, top_p'],
  }),
  setParams: anything('Parameters to set in request bodies.'),
  setParamsByID: named('Parameters to set in requests that come for this name.', {
    type: ['object', 'null'],
    additionalProperties: true,
    'x-emptyCounts': true,
  }),
};

const modalities: SchemaNode = {
  type: 'array',
  items: { type: 'string', enum: ['text', 'audio', 'image'] },
  examples: [['text', 'image']],
};

const capabilities = group('What the model can do, for /v1/models.', {
  in: { ...modalities, description: 'What it understands: text, audio, image.' },
  out: { ...modalities, description: 'What it makes: text, audio, image.' },
  tools: flag('It can call functions.', { default: false, examples: [true] }),
  reranker: flag('It reranks.', { default: false, examples: [true] }),
  context: whole('The longest context, in tokens; 0 = not said.', { minimum: 0, default: 0, examples: [32768] }),
});

export const liveness = group(
  'Watch over ready models: one that no longer answers at its checkEndpoint is restarted.',
  {
    every: number('Seconds between two questions; 0 = do not ask.', { minimum: 0, default: 0, examples: [30] }),
    timeout: number('Seconds to wait for an answer.', { exclusiveMinimum: 0, default: 10, examples: [10] }),
    stall: number(
      'Seconds without a byte after which an answer that has begun is cut and its model asked at once; 0 = never.',
      { minimum: 0, default: 0, examples: [120] },
    ),
  },
);

export const model: SchemaNode = {
  type: 'object',
  required: ['cmd'],
  properties: {
    cmd: text('The command that runs the model server, without a shell. Lines that start with # are comments.', {
      examples: ['llama-server --port ${PORT} -m model.gguf'],
    }),
    cmdStop: text('A command run instead of SIGTERM; ${PID} is the process to stop.', {
      examples: ['docker stop my-container'],
    }),
    proxy: text('Where the model server listens. May be left out when cmd uses ${PORT}.', {
      default: 'http://localhost:${PORT}',
      examples: ['http://127.0.0.1:9000'],
    }),
    aliases: texts('Further names for the model.', { examples: [['gpt-4o-mini']] }),
    env: {
      description: 'Environment variables for the model server, on top of those of the gateway.',
      type: 'array',
      items: { type: 'string', pattern: '^[^\\u0000]*$' },
      examples: [['CUDA_VISIBLE_DEVICES=0']],
    },
    checkEndpoint: text('The path that answers 200 once the model is ready; none = do not ask.', {
      default: '/health',
      examples: ['/health'],
    }),
    ttl: number('Seconds without a request until the model is unloaded; 0 = never, -1 = globalTTL.', {
      minimum: -1,
      default: -1,
      examples: [300],
    }),
    unloadTimeout: number('Seconds from asking the model to stop to killing it; 0 = the global unloadTimeout.', {
      minimum: 0,
      default: 0,
      examples: [10],
    }),
    healthCheckTimeout: number('Seconds a start may take; when left out, the global healthCheckTimeout.', {
      examples: [300],
    }),
    liveness,
    unlisted: flag('Leave the model out of /v1/models; it can still be used.', { default: false, examples: [true] }),
    useModelName: text('The model name sent to the upstream in place of the one asked for.'),
    name: text('A name for people.'),
    description: text('A description for people.'),
    concurrencyLimit: whole('Requests at a time, waiting ones included; the next gets 429. 0 = no limit.', {
      default: 0,
      examples: [4],
    }),
    sendLoadingState: flag('Tell streaming clients about the loading; when left out, as at the top level.', {
      examples: [true],
    }),
    filters: group('Changes to the JSON bodies of requests.', {
      ...filters,
      strip_params: text('The old spelling of stripParams; used when that is empty.'),
    }),
    capabilities,
    compat: group('Compatibility switches.', {
      ignoreWebsockets: flag('WebSockets do not load the model, nor keep it loaded.', {
        default: false,
        examples: [true],
      }),
    }),
    macros: macros('Macros for this model only; they override global ones.'),
    metadata: anything('Anything; shown in /v1/models as meta.llamaswap.'),
    timeouts: timeouts(0),
  },
  additionalProperties: false,
};
