import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, begin, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import { bodyOf, startUpstream, type FakeUpstream } from './fake-upstream.ts';

const { gatewayTo, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** What curl asks for an invitation for. */
const MEGABYTES = 2 * 1024 * 1024;

interface Seen {
  readonly expect: string | undefined;
  readonly length: number;
}

/** A model server that sends interim answers nobody has asked for. */
function talkative(seen: Seen[]): Promise<FakeUpstream> {
  return startUpstream((req, res) => {
    res.writeContinue();
    res.writeEarlyHints({ link: '</style.css>; rel=preload' });
    void bodyOf(req).then(({ length }) => {
      seen.push({ expect: req.headers.expect, length });
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ usage: { prompt_tokens: 7, completion_tokens: 5 } }));
    });
  });
}

/** Asks for an invitation, sends the body when it has come, and counts how often it does. */
async function sendInvited(port: number, path: string, body: string): Promise<{ invitations: number; status: number }> {
  const headers = { expect: '100-continue', 'content-length': String(body.length) };
  const req = begin(port, { method: 'POST', path, headers });
  let invitations = 0;
  req.on('continue', () => {
    invitations += 1;
  });
  req.flushHeaders();
  await once(req, 'continue');
  req.end(body);
  const [answer] = (await once(req, 'response')) as [IncomingMessage];
  await bodyOf(answer);
  return { invitations, status: answer.statusCode ?? 0 };
}

describe('Expect: 100-continue', () => {
  it.each(['/v1/completions', '/upstream/alpha/v1/completions', '/%75pstream/alpha/v1/completions'])(
    'invites once, asks no model server, and records the final status: %s',
    async (path) => {
      const seen: Seen[] = [];
      const config = httpConfig([modelConfig('alpha')], { logRequests: true });
      const gateway = await gatewayTo(await talkative(seen), { config });
      const body = JSON.stringify({ model: 'alpha', prompt: 'x'.repeat(MEGABYTES) });
      expect(await sendInvited(gateway.port, path, body)).toEqual({ invitations: 1, status: 200 });
      expect(seen).toEqual([{ expect: undefined, length: body.length }]);

      const activity = async (): Promise<unknown> => {
        const answer = await ask(gateway.port, { path: '/api/metrics/activity' });
        return JSON.parse(answer.body.toString());
      };
      await expect
        .poll(activity, SOON)
        .toMatchObject({ data: [{ resp_status_code: 200, tokens: { input_tokens: 7, output_tokens: 5 } }] });
      expect(gateway.log.find((line) => line.startsWith('POST '))).toMatch(/^POST \S+ 200 /);
    },
  );

  it('asks no peer either', async () => {
    const seen: Seen[] = [];
    const peer = keep(await talkative(seen));
    const config = httpConfig([], { peers: [peerConfig('east', ['gpt'], peer.upstream.target.port)] });
    const gateway = await gatewayTo(await talkative([]), { config });
    const body = '{"model":"gpt"}';
    for (const path of ['/v1/completions', '/upstream/gpt/v1/completions']) {
      expect(await sendInvited(gateway.port, path, body)).toEqual({ invitations: 1, status: 200 });
    }
    expect(seen).toEqual([1, 2].map(() => ({ expect: undefined, length: body.length })));
  });

  it.each(['/upstream/alpha/upload', '/comfyui/upload', '/%63omfyui/upload'])(
    'invites a body of any length where it is streamed: %s',
    async (path) => {
      const seen: Seen[] = [];
      const models = [modelConfig('alpha'), modelConfig('comfyui_auto')];
      const board = { phaseOf: () => 'ready' as const, failureOf: () => null, actors: () => [] };
      const config = httpConfig(models, { maxBodyBytes: 1000 });
      const gateway = await gatewayTo(await talkative(seen), { config, board });
      expect(await sendInvited(gateway.port, path, 'x'.repeat(5000))).toEqual({ invitations: 1, status: 200 });
      expect(seen).toEqual([{ expect: undefined, length: 5000 }]);
    },
  );
});
