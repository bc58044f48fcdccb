import { expect, it } from 'vitest';
import { answerOf, ask, dataOf, deltaOf, everything } from './ask.ts';
import { startGateway } from './gateway.ts';
import { ALPHA_SAYS, BETA_SAYS, llamaCommand, pidsServing } from './llama-server.ts';

const BOTH = { models: { alpha: { cmd: llamaCommand('tiny-alpha') }, beta: { cmd: llamaCommand('tiny-beta') } } };

it('swaps alpha → beta → alpha by ordinary requests, one llama-server at a time', async () => {
  await using gateway = await startGateway(BOTH);
  const states: string[] = [];
  gateway.on('transition', ({ actor, to }) => states.push(`${actor} ${to}`));
  const conversation = [
    { model: 'alpha', says: ALPHA_SAYS, serving: 'tiny-alpha', gone: 'tiny-beta' },
    { model: 'beta', says: BETA_SAYS, serving: 'tiny-beta', gone: 'tiny-alpha' },
    { model: 'alpha', says: ALPHA_SAYS, serving: 'tiny-alpha', gone: 'tiny-beta' },
  ] as const;
  for (const { model, says, serving, gone } of conversation) {
    const answer = await answerOf(await ask(gateway.url, model));
    console.log(`${model}: ${answer}`);
    expect(answer).toBe(says);
    expect(pidsServing(serving)).toHaveLength(1);
    expect(pidsServing(gone)).toEqual([]);
  }
  const ofModels = states.filter((state) => state.startsWith('model:'));
  expect(ofModels.slice(0, 8)).toEqual([
    'model:alpha starting',
    'model:alpha health-checking',
    'model:alpha ready',
    'model:alpha stopping',
    'model:alpha stopped',
    'model:beta starting',
    'model:beta health-checking',
    'model:beta ready',
  ]);
});

it('streams the answer of the model asked for, token by token, to [DONE]', async () => {
  await using gateway = await startGateway(BOTH);
  for (const [model, says] of [
    ['beta', BETA_SAYS],
    ['alpha', ALPHA_SAYS],
  ] as const) {
    const response = await ask(gateway.url, model, { stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const pieces = await everything(dataOf(response));
    expect(pieces.at(-1)).toBe('[DONE]');
    expect(pieces.map(deltaOf).join('')).toBe(says);
    expect(pieces.length).toBeGreaterThan(says.split(' ').length);
  }
});

it('lets a long answer finish before it swaps its model out', async () => {
  await using gateway = await startGateway({
    models: { loop: { cmd: llamaCommand('tiny-loop', '-c 8192') }, beta: { cmd: llamaCommand('tiny-beta') } },
  });
  const long = dataOf(await ask(gateway.url, 'loop', { stream: true, max_tokens: 2000 }));
  await long.next();
  const order: string[] = [];
  const beta = ask(gateway.url, 'beta').then(async (response) => {
    order.push('beta answered');
    return await answerOf(response);
  });
  const pieces = await everything(long);
  order.push('loop finished');
  expect(pieces.at(-1)).toBe('[DONE]');
  expect(pieces.map(deltaOf).filter(Boolean).length).toBe(2000);
  expect(await beta).toBe(BETA_SAYS);
  expect(order).toEqual(['loop finished', 'beta answered']);
});
