import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { formatProblems, ConfigError } from '../../src/config/problems.ts';

// The examples that come with llama-swap v250 do not load in it: each has models with neither `${PORT}` in `cmd` nor a
// `proxy`. These are files of the same form.

/** Every key that a large example shows, with models that listen where their own arguments say. */
const LARGE = `
healthCheckTimeout: 500
logLevel: info
logTimeFormat: rfc3339
logToStdout: proxy
metricsMaxInMemory: 1000
captureBuffer: 10
startPort: 10001
sendLoadingState: true
includeAliasesInList: false
globalTTL: 0
unloadTimeout: 5
performance:
  every: 15s
ui:
  activity:
    session_id: [X-Session-ID]
macros:
  latest-server: /opt/llama/llama-server --port \${PORT}
  context: 4096
  greeting: "hello \${MODEL_ID}"
apiKeys:
  - sk-one
  - sk-two
models:
  big:
    macros:
      context: 16384
    cmd: |
      # \${PORT} in a comment is none
      \${latest-server} --ctx-size \${context}
      -m /models/big.gguf
    name: The big one
    description: Thinks for long
    env: ["CUDA_VISIBLE_DEVICES=0,1"]
    aliases: [gpt-4o]
    checkEndpoint: /health
    ttl: 60
    useModelName: big:q8
    filters:
      stripParams: temperature, top_p
      setParams: { stop: ["<end>"] }
      setParamsByID:
        "\${MODEL_ID}:high": { reasoning_effort: high }
    metadata:
      port: \${PORT}
      greeting: \${greeting}
    concurrencyLimit: 0
    timeouts: { connect: 10 }
    capabilities: { in: [text, image], out: [text], tools: true, context: 16384 }
  fixed:
    unlisted: true
    cmd: /opt/llama/llama-server --port 8999 -m /models/fixed.gguf -ngl 0
  contained:
    proxy: http://127.0.0.1:\${PORT}
    cmd: docker run --name contained --init --rm -p \${PORT}:8080 -v /models:/models llama:server -m /models/c.gguf
    cmdStop: docker stop contained
groups:
  one:
    members: [big]
  always:
    persistent: true
    swap: false
    exclusive: false
    members: [contained, fixed]
hooks:
  on_startup:
    preload: [big]
profiles:
  evening:
    description: The big one for all
    pins: { chat: big, draw: ~ }
selectors:
  any:
    strategy: warm
    targets: [contained, fixed]
peers:
  office:
    proxy: http://192.0.2.10
    models: [remote]
`;

/** The two that lie in container images: everything in one line, and the port that the image opens. */
const IN_AN_IMAGE = `
healthCheckTimeout: 300
logRequests: true
models:
  small:
    proxy: http://127.0.0.1:9999
    cmd: /app/llama-server -hf someone/small-GGUF:Q4_K_M --port 9999
  smaller:
    cmd: >
      /app/llama-server
      -hf someone/smaller-GGUF
      --port 9999
`;

const IN_ANOTHER_IMAGE = `
healthCheckTimeout: 300
models:
  voice:
    checkEndpoint: /
    cmd: /app/whisper-server --host 127.0.0.1 --port 9100 -m /models/voice.bin --inference-path /v1/audio/transcriptions
  draw:
    checkEndpoint: /
    cmd: /app/sd-server --listen-port 9101 -m /models/draw.gguf
  chat:
    cmd: /app/llama-server --port=9102 -m /models/chat.gguf
`;

const OPTIONS = { isPortFree: async () => true };

describe('examples of the form that llama-swap ships, which it refuses itself', () => {
  it('a large one with a model on a port of its own: loads, and says which address it took', async () => {
    const { config, warnings } = await parseConfig(LARGE, OPTIONS);
    expect(config.models.get('fixed')?.upstream.url).toBe('http://localhost:8999');
    expect(config.models.get('contained')?.upstream.url).toBe('http://127.0.0.1:10002');
    expect(texts(warnings)).toEqual([expect.stringContaining('localhost:8999')]);
  });

  it('one in a container image: two models on one port load, and take turns', async () => {
    const { config, warnings } = await parseConfig(IN_AN_IMAGE, OPTIONS);
    expect([...config.models.values()].map(({ upstream }) => upstream.port)).toEqual([9999, 9999]);
    expect(texts(warnings)).toEqual([expect.stringContaining('localhost:9999')]);
  });

  it('another one: each way to write a port is understood', async () => {
    const { config, warnings } = await parseConfig(IN_ANOTHER_IMAGE, OPTIONS);
    const ports = Object.fromEntries([...config.models.values()].map(({ id, upstream }) => [id, upstream.port]));
    expect(ports).toEqual({ voice: 9100, draw: 9101, chat: 9102 });
    expect(warnings).toHaveLength(3);
  });

  it.each([
    ['no port anywhere', 'models:\n  a:\n    cmd: llama-server -m a.gguf\n'],
    ['the port inside a container', 'models:\n  a:\n    cmd: docker run -p 9000:8080 image --port 8080\n'],
    ['a port in a comment only', 'models:\n  a:\n    cmd: |\n      # ${PORT}\n      llama-server -m a.gguf\n'],
  ])('where the address is not plain (%s) the error shows what to write', async (_, text) => {
    const error = await parseConfig(text, OPTIONS).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    const report = formatProblems((error as ConfigError).problems);
    expect(report).toMatch(/\$\{PORT\}/);
    expect(report).toMatch(/proxy/);
    expect(report).toMatch(/:\d+:\d+/);
  });
});

function texts(problems: readonly { message: string; hint?: string | undefined }[]): string[] {
  return problems.map(({ message, hint }) => `${message} ${hint ?? ''}`);
}
