import { afterEach, describe, expect, it } from 'vitest';
import { closeGateways, startGateway } from '../kit/gateway.ts';

// What scripts, wake-on-LAN tools and Grafana ask for; none of it is used by the page.

afterEach(closeGateways);

describe('scripts', () => {
  it('GET /running lists what is not stopped, with every key', async () => {
    const gateway = await startGateway({
      alpha: { name: 'Alpha', description: 'the first', ttl: 300 },
      beta: {},
    });
    const running = async (): Promise<unknown> => (await fetch(`${gateway.url}/running`)).json();
    expect(await running()).toEqual({ running: [] });
    await gateway.ready('alpha');
    expect(await running()).toMatchObject({
      running: [
        {
          model: 'alpha',
          state: 'ready',
          cmd: expect.stringContaining('healthy.mjs'),
          proxy: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          ttl: 300,
          name: 'Alpha',
          description: 'the first',
        },
      ],
    });
  });

  it('GET /unload stops everything before it answers OK', async () => {
    const gateway = await startGateway({ alpha: {} });
    await gateway.ready('alpha');
    const response = await fetch(`${gateway.url}/unload`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe('OK');
    expect(gateway.life().at(-1)).toBe('alpha stopped');
  });

  it('GET /logs is the text of the log, for curl; its stream begins with the same', async () => {
    const gateway = await startGateway({ alpha: {} }, { logToStdout: 'both' });
    await gateway.ready('alpha');
    const response = await fetch(`${gateway.url}/logs`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toContain('server is listening on port');
    const stream = await fetch(`${gateway.url}/logs/stream`);
    const { value = '' } = (await stream.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {};
    expect(value.startsWith(text.slice(0, 100))).toBe(true);
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
  });

  it.each(['/health', '/wol-health'])('GET %s answers OK without a key, and starts nothing', async (path) => {
    const gateway = await startGateway({ alpha: {} }, { apiKeys: ['secret'] });
    const response = await fetch(gateway.url + path);
    expect([response.status, await response.text()]).toEqual([200, 'OK']);
    expect((await fetch(`${gateway.url}/running`)).status).toBe(401);
    expect(gateway.life().filter((line) => !line.endsWith('stopped'))).toEqual([]);
  });

  it("GET /metrics has the machine's names that dashboards know", async () => {
    const gateway = await startGateway({ alpha: {} });
    const names = ['memory_total_bytes', 'memory_used_bytes', 'memory_free_bytes', 'load_average', 'cpu_util_percent'];
    const missing = async () => {
      const response = await fetch(`${gateway.url}/metrics`);
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await response.text();
      return names.filter((name) => !new RegExp(`^llamaswap_${name}[ {]`, 'm').test(text));
    };
    await expect.poll(missing, { timeout: 20_000, interval: 200 }).toEqual([]);
    expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(
      /^llamaswap_load_average\{interval="(1m|5m|15m)"\} /m,
    );
  });

  it('the event stream serves as a sign of life: HEAD and GET answer at once', async () => {
    const gateway = await startGateway({ alpha: {} });
    expect((await fetch(`${gateway.url}/api/events`, { method: 'HEAD' })).status).toBe(200);
    const response = await fetch(`${gateway.url}/api/events`);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });
});
