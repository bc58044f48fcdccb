import { flag, group, number, text, texts, whole, type SchemaNode } from './node.ts';

const TIME_FORMATS = [
  'ansic',
  'unixdate',
  'rubydate',
  'rfc822',
  'rfc822z',
  'rfc850',
  'rfc1123',
  'rfc1123z',
  'rfc3339',
  'rfc3339nano',
  'kitchen',
  'stamp',
  'stampmilli',
  'stampmicro',
  'stampnano',
] as const;

/** What is logged, recorded and shown. */
export const observing: Readonly<Record<string, SchemaNode>> = {
  logLevel: text('How much the gateway logs.', {
    enum: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    examples: ['info'],
    'x-lenient': true,
  }),
  logTimeFormat: text('The time before each line of the log.', {
    enum: [...TIME_FORMATS, 'off', ''],
    default: 'off',
    examples: ['rfc3339'],
    'x-lenient': true,
  }),
  logToStdout: text('What goes to standard output.', {
    enum: ['proxy', 'upstream', 'both', 'none'],
    default: 'proxy',
    examples: ['both'],
  }),
  logRequests: flag('Log one line per HTTP request.', { default: false, examples: [true] }),
  metricsMaxInMemory: whole('Rows of activity kept when there is no store.', { default: 1000, examples: [1000] }),
  captureBuffer: number('Room for captured requests, in MiB; 0 = capture none.', { default: 5, examples: [10] }),
  store: group(
    'Keep the activity and captures in a file.',
    {
      path: text('The SQLite file.', { examples: ['/var/lib/llama-swap/activity.sqlite'] }),
      maxAge: number('Seconds after which a row is deleted, with its capture; 0 = never.', {
        minimum: 0,
        default: 0,
        examples: [7776000],
      }),
      maxRows: whole('Rows kept, the newest ones; 0 = all.', { minimum: 0, default: 1_000_000, examples: [100_000] }),
    },
    { required: ['path'] },
  ),
  ui: group('Settings of the web page.', {
    activity: group('The page of requests.', {
      session_id: texts('Headers that may hold the id of a session; the first one present counts.', {
        default: ['X-Session-ID', 'X-Litellm-Session-Id'],
        examples: [['X-Session-ID']],
      }),
    }),
  }),
  performance: group('Sampling of system load.', {
    disabled: flag('Take no samples.', { default: false, examples: [true] }),
    every: text('Time between two samples, as 5s, 1m30s; at least 5s.', { default: '5s', examples: ['15s'] }),
  }),
};
