import { afterEach, describe, expect, it } from 'vitest';
import { ask, errorIn, sendRaw } from './ask.ts';
import type { Question } from './ask.ts';
import { chat, closeAll, FORM, gatewayFor, KEY, multipart, outcome, REFUSED } from './key-scene.ts';

afterEach(closeAll);

describe('X1: a key for some models', () => {
  it('X1: is refused for another one with an error in the shape of OpenAI, which leaves the desk alone', async () => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] } });
    const { message, body } = await ask(gateway.port, chat('author/theirs'));
    expect(message.statusCode).toBe(403);
    expect(errorIn(body)).toEqual({
      message: expect.stringContaining("'author/theirs'") as string,
      type: 'authentication_error',
      param: 'model',
      code: 'model_not_allowed',
    });
    expect(gateway.desk.asked).toEqual([]);
    expect(await outcome(gateway, chat('mine'))).toBe('200');
    expect(await outcome(gateway, { ...chat('author/theirs'), headers: { 'x-api-key': 'sk-all' } })).toBe('200');
  });

  it.each<[string, Question]>([
    ['its id', chat('author/theirs')],
    ['an alias', chat('other')],
    ['a profile', chat('pair:author/theirs')],
    ['a profile, with a slash', chat('pair/author/theirs')],
    ['its own model, behind a profile that loads another one', chat('pair:mine')],
    ['a selector', chat('theirs-only')],
    ['a pin', chat('pinned')],
    ['a pin over the name of its own model', chat('my')],
    ['a pin to a selector', chat('pinned-selector')],
    ['a peer', chat('p/m1')],
    ['a peer, bare', chat('m1')],
    ['escapes in JSON', { ...chat(''), body: '{"model":"\\u0061uthor\\/thei\\u0072s"}' }],
    ['escapes in the key of JSON', { ...chat(''), body: '{"mod\\u0065l":"other"}' }],
    ['JSON that says it is something else', { ...chat('other'), headers: { ...KEY, 'content-type': 'text/plain' } }],
    ['JSON that says it is a form', { ...chat('other'), headers: FORM }],
    ['another spelling of the path', { ...chat('other'), path: '/v/chat/completions' }],
    ['an old path', { ...chat('other'), path: '/completion' }],
    ['a url-encoded form', { ...chat(''), headers: FORM, body: 'model=%6fther' }],
    ['a multipart form', multipart([['model', 'other']])],
    ['the query over a form', { ...multipart([['model', 'other']]), path: '/v1/audio/transcriptions?model=other' }],
    ['the query', { path: '/props?model=other', headers: KEY }],
    ['the query, escaped', { path: '/props?mode%6c=author%2Ftheirs', headers: KEY }],
    ['the query, HEAD', { method: 'HEAD', path: '/props?model=other', headers: KEY }],
    ['a path', { path: '/upstream/author/theirs/props', headers: KEY }],
    ['a path, escaped', { path: '/upstream/%61uthor%2Ftheirs/props', headers: KEY }],
    [
      'a path, with an alias',
      { method: 'POST', path: '/upstream/their/alias/v1/completions', headers: KEY, body: '{}' },
    ],
    ['a path, with slashes', { path: '/upstream///author//theirs/props', headers: KEY }],
    ['a path, with a pin', { path: '/upstream/pinned/props', headers: KEY }],
    ['a path, with a profile', { path: '/upstream/pair:mine/props', headers: KEY }],
    ['a path without its slash', { path: '/upstream/author/theirs', headers: KEY }],
    ['a path to a peer', { path: '/upstream/p/m1/props', headers: KEY }],
    ['/comfyui', { path: '/comfyui/', headers: KEY }],
    ['/comfyui, deeper', { path: '/comfyui/ws', headers: KEY }],
  ])('X1: cannot be led around by %s', async (_way, question) => {
    const pins = {
      pinned: 'other',
      'mine-too': 'author/theirs',
      'pinned-selector': 'theirs-only',
      my: 'author/theirs',
    };
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, pins, phases: { comfyui_auto: 'ready' } });
    expect(await outcome(gateway, question)).toBe(question.method === 'HEAD' ? '403' : REFUSED);
    // The same with a key for everything is no error: it is the key that makes the difference.
    expect(gateway.desk.asked).toEqual([]);
    expect(gateway.atPeers()).toBe(0);
    const { message } = await ask(gateway.port, {
      ...question,
      headers: { ...question.headers, authorization: 'Bearer sk-all' },
    });
    expect([200, 301]).toContain(message.statusCode);
  });

  it('X1: follows pins both ways: not to what is pinned to its own name, but to its own model by every name', async () => {
    const gateway = await gatewayFor({
      allowed: { models: ['mine'] },
      pins: { mine: 'other', other: 'my', off: null },
    });
    expect(await outcome(gateway, chat('mine'))).toBe(REFUSED);
    expect(await outcome(gateway, { path: '/upstream/mine/props', headers: KEY })).toBe(REFUSED);
    expect(await outcome(gateway, chat('other'))).toBe('200');
    expect(await outcome(gateway, chat('my'))).toBe('200');
    expect(await outcome(gateway, chat('off'))).toBe('404 model_not_found');
    expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['mine', 'mine']);
  });

  it('X1: opens every name of its model, and a profile whose members it all may use', async () => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] } });
    for (const name of ['mine', 'my', 'solo:mine', 'solo/my']) expect(await outcome(gateway, chat(name))).toBe('200');
    expect(gateway.desk.asked.map(({ unit }) => unit)).toEqual([
      'model:mine',
      'model:mine',
      'profile:solo',
      'profile:solo',
    ]);
    const both = await gatewayFor({ allowed: { models: ['mine', 'author/theirs'] } });
    expect(await outcome(both, chat('pair:mine'))).toBe('200');
  });

  it('X1: for no model is refused for all of them, and 404 stays 404', async () => {
    const gateway = await gatewayFor({ allowed: {} });
    for (const name of ['mine', 'my', 'p/m1', 'busy']) expect(await outcome(gateway, chat(name))).toBe(REFUSED);
    expect(await outcome(gateway, chat('nobody'))).toBe('404 model_not_found');
  });
});

describe('X1: a WebSocket', () => {
  const lines =
    'HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nauthorization: Bearer sk-part\r\n\r\n';

  it.each([
    ['/upstream/author/theirs/ws', '403'],
    ['/upstream/author%2ftheirs/ws', '403'],
    ['/upstream/other/ws', '403'],
    ['/upstream/pinned/ws', '403'],
    ['/upstream/p/m1/ws', '403'],
    ['/comfyui/ws', '403'],
    ['/upstream/mine/ws', '200'],
  ])('X1: to %s gets %s', async (path, status) => {
    const phases = { comfyui_auto: 'ready' } as const;
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, pins: { pinned: 'other' }, phases });
    // The upstream here answers an upgrade like any other request.
    const answer = await sendRaw(gateway.port, `GET ${path} ${lines}`);
    expect(answer.split(' ')[1]).toBe(status);
    if (status === '403') expect(answer).toContain('"code":"model_not_allowed"');
    expect(gateway.desk.asked.length).toBe(status === '403' ? 0 : 1);
  });
});
