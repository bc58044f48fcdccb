import { afterEach, describe, expect, test } from 'vitest';
import { closeGateways, startGateway, textOf } from '../../kit/gateway.ts';

afterEach(closeGateways);

describe('swapping', () => {
  test('the right model answers, one at a time, each gone before the next one starts', async () => {
    const gateway = await startGateway({ alpha: {}, beta: {} });
    for (const model of ['alpha', 'beta', 'alpha']) {
      expect(await textOf(await gateway.chat(model))).toBe(`Hello from model ${model}.`);
    }
    const life = ['starting', 'health-checking', 'ready'];
    const gone = ['stopping', 'stopped'];
    expect(gateway.life()).toEqual([
      ...[...life, ...gone].map((state) => `alpha ${state}`),
      ...[...life, ...gone].map((state) => `beta ${state}`),
      ...life.map((state) => `alpha ${state}`),
    ]);
  });

  test('L1: a model that is ready is noticed at once, long before a poll that comes once a second', async () => {
    const gateway = await startGateway({
      alpha: { options: { 'load-ms': 300 } },
      silent: { fixture: 'silent', options: { 'load-ms': 300 } },
    });
    for (const model of ['alpha', 'silent']) {
      const winner = await Promise.race([
        gateway.chat(model).then(() => 'the gateway'),
        // 250 ms, then once a second: the first look that finds a model of 300 ms ready is the second one.
        new Promise((resolve) => {
          setTimeout(resolve, 1_250, 'a poll');
        }),
      ]);
      expect(winner).toBe('the gateway');
    }
  });

  test('requests in flight finish before their model is swapped out', async () => {
    const gateway = await startGateway({ alpha: {}, beta: {} });
    const stream = await gateway.chat('alpha', { stream: true, chunks: 20, chunk_delay_ms: 20 });
    const beta = gateway.chat('beta');
    const text = await stream.text();
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(text.match(/^data: \{/gm)).toHaveLength(20);
    expect(await textOf(await beta)).toContain('beta');
    expect(gateway.life().indexOf('alpha stopping')).toBeLessThan(gateway.life().indexOf('beta starting'));
  });

  test('S1: a steady stream of requests for one model does not keep another one waiting for ever', async () => {
    const gateway = await startGateway({ alpha: {}, beta: {} }, { scheduler: { maxWait: 1 } });
    await gateway.ready('alpha');
    let betaServed = false;
    let requests = 0;
    // A new request for alpha long before the last one ends: alpha is never idle.
    const crowd: Promise<unknown>[] = [];
    const stream = setInterval(() => {
      if (betaServed || requests++ > 100) clearInterval(stream);
      else crowd.push(gateway.chat('alpha', { delay_ms: 400 }).then((response) => response.arrayBuffer()));
    }, 50);
    await gateway.chat('alpha', { delay_ms: 200 });
    const beta = await gateway.chat('beta');
    betaServed = true;
    expect(await textOf(beta)).toContain('beta');
    expect(requests, 'beta was served while the stream went on').toBeLessThan(100);
    await Promise.all(crowd);
  });

  test('S2: the eleventh request that waits for a load is served like the first', async () => {
    const gateway = await startGateway({ alpha: { options: { 'load-ms': 200 } } });
    const responses = await Promise.all(Array.from({ length: 25 }, () => gateway.chat('alpha')));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 25 }, () => 200));
    await Promise.all(responses.map((response) => response.arrayBuffer()));
  });

  test('S5: a client that leaves while its model loads: the load is not wasted by a stale idle time', async () => {
    const gateway = await startGateway({ alpha: { options: { 'load-ms': 300 }, ttl: 30 } });
    const leaving = new AbortController();
    const request = gateway.chat('alpha', {}, { signal: leaving.signal }).catch(() => 'gone');
    await gateway.reaches('alpha', 'health-checking');
    leaving.abort();
    expect(await request).toBe('gone');
    await gateway.reaches('alpha', 'ready');
    expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    expect(gateway.life().filter((each) => each === 'alpha starting')).toHaveLength(1);
  });

  test('L6: a typo in a command does not cost the model that is warm', async () => {
    const gateway = await startGateway({ alpha: {}, typo: { cmd: '/no/such/program --port ${PORT}' } });
    await gateway.ready('alpha');
    const response = await gateway.chat('typo');
    expect(response.status).toBe(503);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('model_start_failed');
    expect(error.message).toContain('"program" was not found');
    expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    expect(gateway.life()).not.toContain('alpha stopping');
  });

  test('R13: a stranger on the port of a model does not get its requests, nor cost the warm one', async () => {
    const { createServer } = await import('node:http');
    const stranger = createServer((_, res) => res.end('I am somebody else'));
    await new Promise<void>((resolve) => void stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    try {
      const gateway = await startGateway({
        alpha: {},
        taken: { options: { port }, proxy: `http://127.0.0.1:${port}` },
      });
      await gateway.ready('alpha');
      const response = await gateway.chat('taken');
      expect(response.status).toBe(503);
      const { error } = (await response.json()) as { error: { message: string; details: { code: string } } };
      expect(error.details.code).toBe('port_in_use');
      expect(error.message).toContain(String(port));
      expect(gateway.life()).not.toContain('alpha stopping');
    } finally {
      stranger.close();
    }
  });
});

describe('unloading', () => {
  test('L5: while one model takes its time to stop, the gateway answers everybody else', async () => {
    const gateway = await startGateway({ deaf: { fixture: 'deaf-to-sigterm', unloadTimeout: 2 }, beta: {} });
    await gateway.ready('deaf');
    let unloaded = false;
    const unload = fetch(`${gateway.url}/api/models/unload/deaf`, { method: 'POST' }).then((response) => {
      unloaded = true;
      return response.text();
    });
    await gateway.reaches('deaf', 'stopping');
    const running = (await (await fetch(`${gateway.url}/running`)).json()) as { running: { state: string }[] };
    expect(running.running.map(({ state }) => state)).toEqual(['stopping']);
    expect(await (await fetch(`${gateway.url}/api/models/unload/beta`, { method: 'POST' })).text()).toBe('OK');
    expect(unloaded, 'the other unload was answered first').toBe(false);
    expect(await unload).toBe('OK');
  });

  test('R1: requests that arrive while a load is being unloaded are served by the next load, each of twenty times', async () => {
    const gateway = await startGateway({ alpha: { options: { 'load-ms': 20 } } });
    for (let turn = 0; turn < 20; turn++) {
      const doomed = gateway.chat('alpha');
      const unload = fetch(`${gateway.url}/unload`);
      const next = gateway.chat('alpha');
      const [first, second] = await Promise.all([doomed, next, unload]);
      // Which of the three reaches the gateway first is not ours to say; who is told that the model was unloaded may
      // ask again, and nobody is told anything else.
      for (const response of [first, second]) {
        expect([200, 503]).toContain(response.status);
        const body = await response.text();
        if (response.status === 503) expect(JSON.parse(body).error.code).toBe('model_unloaded');
      }
      expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
    }
  });

  test('R2: unloading everything while a swap is still evicting starts nothing afterwards', async () => {
    const gateway = await startGateway({ deaf: { fixture: 'deaf-to-sigterm', unloadTimeout: 1 }, beta: {} });
    await gateway.ready('deaf');
    const waiting = gateway.chat('beta');
    await gateway.reaches('deaf', 'stopping');
    await (await fetch(`${gateway.url}/unload`)).text();
    expect((await waiting).status).toBe(503);
    await gateway.reaches('deaf', 'stopped');
    expect(gateway.life().filter((each) => each.startsWith('beta'))).toEqual([]);
  });

  test('R3: a request that meets the idle stop is answered, each of twenty-five times', async () => {
    const gateway = await startGateway({ alpha: { ttl: 0.05 } });
    for (let turn = 0; turn < 25; turn++) {
      const response = await gateway.chat('alpha');
      expect(await textOf(response)).toContain('alpha');
      await new Promise((resolve) => {
        // Around the end of the idle time, which begins a moment after the answer.
        setTimeout(resolve, 60 + (turn % 24));
      });
    }
    expect(gateway.life().filter((each) => each === 'alpha stopping').length).toBeGreaterThan(0);
  });
});
