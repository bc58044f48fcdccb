/**
 * The JSON Schema (draft 7) of a configuration file: what ajv checks after all macros are expanded, what editors use
 * (`config.schema.json`), and where the loader learns which keys exist and which values are text. Seconds throughout.
 */
export interface SchemaNode {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: SchemaType | readonly SchemaType[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** A key of the first llama-swap that is recognised and has no effect yet. */
  readonly 'x-notYet'?: true;
}

export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';

/** In an editor a number or boolean may still be a macro. */
const MACRO = '^\\$\\{[a-zA-Z0-9_.-]+\\}$';

function text(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: 'string', ...rest };
}

function number(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['number', 'string'], pattern: MACRO, ...rest };
}

function whole(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['integer', 'string'], pattern: MACRO, ...rest };
}

function flag(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['boolean', 'string'], pattern: MACRO, ...rest };
}

function notYet(description: string): SchemaNode {
  return { description: `${description} (recognised, without effect in this version)`, 'x-notYet': true };
}

const MACROS: SchemaNode = {
  type: 'object',
  propertyNames: { pattern: '^[a-zA-Z0-9_-]{1,63}$' },
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

const TIMEOUTS: SchemaNode = {
  description: 'Limits for connections to the upstream, in seconds. 0 switches a limit off.',
  type: 'object',
  properties: {
    connect: number('Time to open a connection.', { minimum: 0, default: 30 }),
    keepalive: number('Interval of TCP keep-alive probes.', { minimum: 0, default: 30 }),
    responseHeader: number('Time from the request to the first byte of the answer.', { minimum: 0, default: 0 }),
    idleConn: number('Time an unused connection is kept.', { minimum: 0, default: 90 }),
    tlsHandshake: notYet('Time for a TLS handshake'),
    expectContinue: notYet('Time to wait for "100 Continue"'),
  },
  additionalProperties: false,
};

const MODEL: SchemaNode = {
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
    aliases: {
      description: 'Further names for the model.',
      type: 'array',
      items: { type: 'string' },
      examples: [['gpt-4o-mini']],
    },
    env: {
      description: 'Environment variables for the model server, on top of those of the gateway.',
      type: 'array',
      items: { type: 'string', pattern: '^[^=\\u0000]+=[^\\u0000]*$' },
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
    unlisted: flag('Leave the model out of /v1/models; it can still be used.', { default: false, examples: [true] }),
    useModelName: text('The model name sent to the upstream in place of the one asked for.'),
    name: text('A name for people.'),
    description: text('A description for people.'),
    concurrencyLimit: whole('Requests at a time, waiting ones included; the next gets 429. 0 = no limit.', {
      default: 0,
      examples: [4],
    }),
    macros: { ...MACROS, description: 'Macros for this model only; they override global ones.' },
    metadata: {
      description: 'Anything; shown in /v1/models as meta.llamaswap.',
      type: 'object',
      additionalProperties: true,
    },
    timeouts: TIMEOUTS,
    filters: notYet('Changes to request bodies'),
    capabilities: notYet('What the model can take in and give out'),
    compat: notYet('Compatibility switches'),
    sendLoadingState: notYet('Tell streaming clients about the loading'),
  },
  additionalProperties: false,
};

export const configSchema: SchemaNode = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'llama-swap configuration',
  type: 'object',
  properties: {
    models: {
      description: 'The models, by the id that clients ask for.',
      type: 'object',
      additionalProperties: MODEL,
    },
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
    logLevel: text('How much the gateway logs.', {
      enum: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      examples: ['info'],
    }),
    logRequests: flag('Log one line per HTTP request.', { default: false, examples: [true] }),
    macros: { ...MACROS, description: 'Named values, used as ${name}. A macro may use those declared above it.' },
    profiles: {
      description: 'Lists of models that load, stay and unload together; addressed as profile:model.',
      type: 'object',
      additionalProperties: {
        anyOf: [
          { type: 'array', items: { type: 'string' }, minItems: 1, examples: [['model-a', 'model-b']] },
          { ...notYet('Names that are pinned to models'), type: 'object' },
        ],
      },
    },
    scheduler: {
      description: 'How waiting requests are treated.',
      type: 'object',
      properties: {
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
      },
      additionalProperties: false,
    },
    server: {
      description: 'The HTTP server of the gateway.',
      type: 'object',
      properties: {
        maxBodySize: number('Largest request body, in MiB.', { exclusiveMinimum: 0, default: 512, examples: [512] }),
      },
      additionalProperties: false,
    },
    apiKeys: notYet('Keys that clients must send'),
    captureBuffer: notYet('Memory for captured requests'),
    groups: notYet('Sets of models that may run together'),
    hooks: notYet('Models to load at start'),
    includeAliasesInList: notYet('List aliases in /v1/models'),
    logTimeFormat: notYet('Time stamps in the log'),
    logToStdout: notYet('Which log goes to standard output'),
    matrix: notYet('Sets of models that may run together'),
    metricsMaxInMemory: notYet('Rows of activity kept in memory'),
    peers: notYet('Other servers to forward to'),
    performance: notYet('Sampling of system load'),
    routing: notYet('Router and scheduler settings'),
    selectors: notYet('Virtual models'),
    sendLoadingState: notYet('Tell streaming clients about loading'),
    store: notYet('File for activity data'),
    ui: notYet('Settings of the web page'),
    upstream: notYet('Settings of /upstream'),
  },
  patternProperties: { '^x-': { description: 'Ignored: room for YAML anchors.' } },
  additionalProperties: false,
};
