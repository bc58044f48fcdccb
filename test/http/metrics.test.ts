import { afterEach, expect, it } from 'vitest';
import { ask, CHAT, SOON } from './ask.ts';
import { gatewayKit } from './fake-gateway.ts';
import { startUpstream } from './fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

it('D2: GET /metrics counts requests by model and status, and an invented name is no label', async () => {
  const upstream = await startUpstream((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end('{"usage":{"prompt_tokens":25,"completion_tokens":10}}');
  });
  const gateway = await gatewayTo(upstream);
  for (const body of [CHAT.body, CHAT.body, '{"model":"invented"}']) await ask(gateway.port, { ...CHAT, body });
  const scrape = async (): Promise<string> => (await ask(gateway.port, { path: '/metrics' })).body.toString();
  await expect.poll(scrape, SOON).toMatch(/^llamaswap_requests_total\{[^}]*model="alpha"[^}]*\} 2$/m);
  const text = await scrape();
  expect(text).not.toContain('invented');
  expect(text).toMatch(/gen_ai_/);
  const { message } = await ask(gateway.port, { path: '/metrics' });
  expect(message.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
});
