import { afterEach, describe, expect, it } from 'vitest';
import type { FiltersConfig, ModelConfig } from '../../src/config/types.ts';
import { ask, errorIn, post } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

const filters = (more: Partial<FiltersConfig>): FiltersConfig => ({
  stripParams: [],
  setParams: {},
  setParamsById: {},
  ...more,
});

async function gatewayFor(overrides: Partial<ModelConfig>): Promise<FakeGateway> {
  const config = httpConfig([modelConfig('over', overrides)]);
  return gatewayTo(await startUpstream(echo), { config });
}

async function seen(answer: Promise<Response>): Promise<Echo> {
  return (await (await answer).json()) as Echo;
}

describe('filters', () => {
  const all = {
    useModelName: 'up',
    aliases: ['over:hi'],
    filters: filters({
      stripParams: ['temperature'],
      setParams: { temperature: 1, top_p: 0.5 },
      setParamsById: { 'over:hi': { temperature: 2 } },
    }),
  };

  it('model name, then strip, then set, then set for the name that was asked for', async () => {
    const gateway = await gatewayFor(all);
    const body = async (text: string): Promise<string> =>
      (await seen(post(`${gateway.url}/v1/completions`, text))).body;
    expect(await body('{"model":"over:hi","temperature":9}')).toBe('{"model":"up","temperature":2,"top_p":0.5}');
    expect(await body('{"model":"over","temperature":9}')).toBe('{"model":"up","temperature":1,"top_p":0.5}');
  });

  it('announce the length of the new body', async () => {
    const gateway = await gatewayFor(all);
    const { headers, body } = await seen(post(`${gateway.url}/v1/completions`, '{"model":"over"}'));
    expect(headers['content-length']).toBe(String(body.length));
  });

  it('leave every other byte alone: order, space, 64-bit numbers, keys that come twice', async () => {
    const gateway = await gatewayFor({ filters: filters({ stripParams: ['b'] }) });
    const body = '{ "z":1,"seed": 18446744073709551615 , "model" : "over", "b":[1],"x":1.50,"x":2 }';
    expect((await seen(post(`${gateway.url}/v1/completions`, body))).body).toBe(body.replace(', "b":[1]', ''));
  });

  it('change what `curl -d` calls a form', async () => {
    const gateway = await gatewayFor({ filters: filters({ setParams: { a: true } }) });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await seen(post(`${gateway.url}/v1/completions`, '{"model":"over"}', headers))).body).toBe(
      '{"model":"over","a":true}',
    );
  });

  it('change a JSON body also when the model is in the query', async () => {
    const gateway = await gatewayFor({ filters: filters({ setParams: { a: true } }) });
    const question = {
      path: '/props?model=over',
      headers: { 'content-type': 'application/json', 'content-length': '7' },
      body: '{"b":1}',
    };
    const { body } = await ask(gateway.port, question);
    expect(JSON.parse(body.toString())).toMatchObject({ url: '/props?model=over', body: '{"b":1,"a":true}' });
  });

  it('do not touch forms, but for the model', async () => {
    const gateway = await gatewayFor({ useModelName: 'up', filters: filters({ setParams: { a: true } }) });
    const form = new FormData();
    form.set('file', new File([new Uint8Array([0, 255, 13, 10])], 'a.wav', { type: 'audio/wav' }));
    form.set('model', 'over');
    form.set('language', 'de');
    const { body } = await seen(fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body: form }));
    expect(body).toContain('filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n\0\u00ff\r\n\r\n');
    expect(body).toContain('name="model"\r\n\r\nup\r\n');
    expect(body).toContain('name="language"\r\n\r\nde\r\n');
    expect(body).not.toContain('over');
    expect(body.indexOf('a.wav')).toBeLessThan(body.indexOf('name="model"'));
  });

  it('R15: a name in the query that wins over the one in the form replaces both', async () => {
    const gateway = await gatewayFor({ useModelName: 'up' });
    const form = new FormData();
    form.set('model', 'something else');
    const answer = fetch(`${gateway.url}/v1/audio/transcriptions?model=over`, { method: 'POST', body: form });
    const { url, body } = await seen(answer);
    expect(url).toBe('/v1/audio/transcriptions?model=up');
    expect(body).toContain('name="model"\r\n\r\nup\r\n');
  });

  it('only another model name in 5 MB: nothing is parsed, so that even what is no JSON goes on as it is', async () => {
    const gateway = await gatewayFor({ useModelName: 'up' });
    const rest = `,"text":"${'x'.repeat(5 * 1024 * 1024)}" this is no JSON`;
    const { body } = await seen(post(`${gateway.url}/v1/completions`, `{"model":"over"${rest}`));
    expect(body === `{"model":"up"${rest}`).toBe(true);
  });

  it('do not apply below /upstream', async () => {
    const gateway = await gatewayFor(all);
    const body = '{"model":"over","temperature":9}';
    expect((await seen(post(`${gateway.url}/upstream/over/v1/completions`, body))).body).toBe(body);
  });

  it('that do not fit a request are an error, and the model is not asked', async () => {
    const gateway = await gatewayFor({ filters: filters({ setParams: { 'stop.name': 1 } }) });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"over","stop":["x"]}');
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(errorIn(await response.text()).message).toContain('stop.name');
    expect(gateway.desk.asked).toEqual([]);
  });
});
