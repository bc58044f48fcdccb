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
  ['x --max-tokens 5 --tokenizer t -m token.gguf', 'x --max-tokens 5 --tokenizer t -m token.gguf'],
  ['x --port 9000 -m /models/qwen.gguf', 'x --port 9000 -m /models/qwen.gguf'],
])('%s → %s', (command, shown) => {
  expect(redactCommand(command)).toBe(shown);
});
