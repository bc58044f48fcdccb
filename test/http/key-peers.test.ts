import { afterEach, describe, expect, it } from 'vitest';
import type { Question } from './ask.ts';
import { chat, closeAll, FORM, gatewayFor, KEY, multipart, outcome, REFUSED } from './key-scene.ts';
import type { Scene } from './key-scene.ts';

afterEach(closeAll);

describe('X1: a peer', () => {
  it('X1: is asked for the models that the key is for, in full and bare', async () => {
    const gateway = await gatewayFor({ allowed: { peerModels: ['p/m1', 'q/m2'] } });
    for (const name of ['p/m1', 'm1', 'q/m2']) expect(await outcome(gateway, chat(name))).toBe('200');
    for (const name of ['p/m2', 'q/m3', 'm3']) expect(await outcome(gateway, chat(name))).toBe(REFUSED);
    // A bare name that two peers have means neither, whatever the key is for.
    expect(await outcome(gateway, chat('m2'))).toBe('404 model_not_found');
    expect(gateway.atPeers()).toBe(3);
  });

  it.each<[string, Question]>([
    ['another one in the query beside JSON', { ...chat('m1'), path: '/v1/chat/completions?model=m2' }],
    ['another one in the query, behind a semicolon', { ...chat('m1'), path: '/v1/chat/completions?x=1;model=m2' }],
    ['two in the query', { path: '/props?model=m1&model=m2', headers: KEY }],
    [
      'one in the query, another in the form',
      { ...multipart([['model', 'm2']]), path: '/v1/audio/transcriptions?model=m1' },
    ],
    [
      'one in the query, another in a url-encoded form',
      { method: 'POST', path: '/v1/completions?model=m1', headers: FORM, body: 'prompt=x&model=m2' },
    ],
    [
      'two in a form',
      multipart([
        ['model', 'm1'],
        ['model', 'm2'],
      ]),
    ],
    ['two in a url-encoded form', { ...chat(''), headers: FORM, body: 'model=m1&model=m2' }],
    [
      'another spelling of the key, which programs in Go take for it',
      { ...chat(''), body: '{"model":"m1","MODEL":"m2"}' },
    ],
    ['JSON that is a form as well', { ...chat(''), headers: FORM, body: '{"model":"m1","x":"&model=m2&"}' }],
    [
      'a body that only the peer unpacks',
      {
        method: 'POST',
        path: '/v1/completions?model=m1',
        headers: { ...FORM, 'content-encoding': 'gzip' },
        body: 'zzz',
      },
    ],
    [
      'two boundaries',
      {
        ...multipart([['model', 'm1']]),
        headers: { ...KEY, 'content-type': 'multipart/form-data; boundary=XX; boundary=YY' },
      },
    ],
    [
      'a part behind line ends of another kind',
      multipart([
        ['model', 'm1'],
        ['x', '\n--XX\nContent-Disposition: form-data; NAME=model\n\nm2\n'],
      ]),
    ],
    [
      'a body for a GET',
      { path: '/props?model=m1', headers: { ...KEY, 'content-length': '14' }, body: '{"model":"m2"}' },
    ],
  ])('X1: does not get to read another name than the gateway: %s', async (_what, question) => {
    const gateway = await gatewayFor({ allowed: { peerModels: ['p/m1'] } });
    expect(await outcome(gateway, question)).toBe('400 bad_request');
    expect(gateway.atPeers()).toBe(0);
  });

  it.each<[string, Question]>([
    ['JSON', chat('p/m1')],
    ['JSON, and the same in the query', { ...chat('m1'), path: '/v1/chat/completions?model=m1' }],
    ['JSON by curl -d', { ...chat('m1'), headers: FORM }],
    [
      'a form',
      multipart([
        ['model', 'p/m1'],
        ['prompt', 'a model, and filename="model" of it'],
      ]),
    ],
    ['a form and the query', { ...multipart([['model', 'm1']]), path: '/v1/audio/transcriptions?model=m1' }],
    ['a url-encoded form', { ...chat(''), headers: FORM, body: 'model=p%2Fm1&prompt=model' }],
    ['the query', { path: '/props?model=p%2Fm1', headers: KEY }],
  ])('X1: is asked as ever where there is one name: %s', async (_what, question) => {
    const gateway = await gatewayFor({ allowed: { peerModels: ['p/m1'] } });
    expect(await outcome(gateway, question)).toBe('200');
    expect(gateway.atPeers()).toBe(1);
  });

  it('X1: below /upstream is a whole server: for keys that may use all of it, and look after things', async () => {
    const passage = { path: '/upstream/p/m1/unload', headers: KEY };
    const of = async (scene: Scene): Promise<string> => outcome(await gatewayFor(scene), passage);
    const all = ['p/m1', 'p/m2'];
    expect(await of({ allowed: { peerModels: ['p/m2'] }, isAdmin: true })).toBe(REFUSED);
    expect(await of({ allowed: { peerModels: ['p/m1'] }, isAdmin: true })).toBe(REFUSED);
    expect(await of({ allowed: { peerModels: all } })).toBe('403 admin_required');
    expect(await of({ allowed: { peerModels: all }, isAdmin: true })).toBe('200');
  });
});
