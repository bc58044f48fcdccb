import { expect, it } from 'vitest';
import { redactCommand } from '../../../src/http/redact-command.ts';

it.each([
  ['llama-server --api-key sk-1 -m x.gguf', 'llama-server --api-key [redacted] -m x.gguf'],
  ['llama-server --api-key=sk-1 -m x.gguf', 'llama-server --api-key=[redacted] -m x.gguf'],
  ['llama-server --api-key "a b" -m x', 'llama-server --api-key [redacted] -m x'],
  ["vllm serve --hf-token 'x y'", 'vllm serve --hf-token [redacted]'],
  [
    'podman run -e HF_TOKEN=abc -e OPENAI_API_KEY=def image',
    'podman run -e HF_TOKEN=[redacted] -e OPENAI_API_KEY=[redacted] image',
  ],
  ['x --password hunter2 --client-secret=s', 'x --password [redacted] --client-secret=[redacted]'],
  ['x --api-key\n  sk-1\n  -m y', 'x --api-key\n  [redacted]\n  -m y'],
  ['x --api-key \\\n  sk-1 -m y', 'x --api-key \\\n  [redacted] -m y'],
  ['x --api-key\\\n sk-1', 'x --api-key\\\n [redacted]'],
  ['docker run --env=OPENAI_API_KEY=x image', 'docker run --env=OPENAI_API_KEY=[redacted] image'],
  ['docker run -e "HF_TOKEN=a b" image', 'docker run -e "HF_TOKEN=[redacted]" image'],
  [
    'x -e ACCESS_TOKENS=x -e DB_PASS=12 -e X_AUTH=true',
    'x -e ACCESS_TOKENS=[redacted] -e DB_PASS=[redacted] -e X_AUTH=true',
  ],
  ['curl -H "Authorization: Bearer x" y', 'curl -H "Authorization: [redacted]" y'],
  ["curl -H 'x-api-key: x' y", "curl -H 'x-api-key: [redacted]' y"],
  ['curl -H x-api-key:x y', 'curl -H x-api-key:[redacted] y'],
  ['x postgres://u:x@h/db', 'x postgres://u:[redacted]@h/db'],
  ['x http://h:80/?a=1&api_key=x', 'x http://h:80/?a=1&api_key=[redacted]'],
  ['x --key-file sk-proj-0123456789abc', 'x --key-file [redacted]'],
  ['x sk-proj-0123456789abc', 'x [redacted]'],
  [
    'sh -c "API_KEY=x exec llama-server --api-key=$API_KEY --port 1"',
    'sh -c "API_KEY=[redacted] exec llama-server --api-key=[redacted] --port 1"',
  ],
  [`x --params '{"api_key":"x","b":1}'`, `x --params '{"api_key":[redacted]'`],
  [
    'ssh h "serve --api-key x --hf-token=y" --password z',
    'ssh h "serve --api-key [redacted] --hf-token=[redacted]" --password [redacted]',
  ],
  ['x --serve="y --api-key z" a\\ b', 'x --serve="y --api-key [redacted]" a\\ b'],
  [`x --params '{"max_tokens":512,"b":1}'`, `x --params '{"max_tokens":512,"b":1}'`],
  ['x --api-key "never closed', 'x --api-key [redacted]'],
  ['x --disable-auth --port 1 --disable-auth true', 'x --disable-auth --port 1 --disable-auth true'],
  ['docker run -v /srv/keys:/keys -p 127.0.0.1:80:80 i', 'docker run -v /srv/keys:/keys -p 127.0.0.1:80:80 i'],
  ['C:\\llama\\server.exe -m "C:\\my models\\x.gguf"', 'C:\\llama\\server.exe -m "C:\\my models\\x.gguf"'],
  ['x --override-kv tokenizer.ggml.eos_token_id=int:7', 'x --override-kv tokenizer.ggml.eos_token_id=int:7'],
  ['x --max-tokens 5 --tokenizer t -m token.gguf', 'x --max-tokens 5 --tokenizer t -m token.gguf'],
  ['x --port 9000 -m /models/qwen.gguf', 'x --port 9000 -m /models/qwen.gguf'],
])('%s → %s', (command, shown) => {
  expect(redactCommand(command)).toBe(shown);
});
