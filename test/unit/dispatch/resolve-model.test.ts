import { describe, expect, it } from 'vitest';
import { createNames } from '../../../src/dispatch/resolve-model.ts';
import { httpConfig, modelConfig, peerConfig } from '../../http/fake-gateway.ts';

const config = httpConfig([modelConfig('local', { aliases: ['shared', 'l'] }), modelConfig('author/llama')], {
  profiles: [{ id: 'coding', members: ['local'] }],
  peers: [peerConfig('east', ['gpt', 'shared', 'both', 'org/big'], 1), peerConfig('west', ['both', 'east/gpt'], 2)],
});
const names = createNames(config);

describe('a name stands for', () => {
  it.each([
    ['local', 'local'],
    ['l', 'local'],
    ['shared', 'local'],
    ['author/llama', 'author/llama'],
    ['coding/local', 'local'],
    ['coding:l', 'local'],
  ])('%s: the local model %s', (name, model) => {
    expect(names.resolve(name)).toMatchObject({ kind: 'local', destination: { model } });
  });

  it.each([
    ['gpt', 'east', 'gpt'],
    ['east/shared', 'east', 'shared'],
    ['east/org/big', 'east', 'org/big'],
    ['org/big', 'east', 'org/big'],
    ['west/both', 'west', 'both'],
    ['east/gpt', 'east', 'gpt'],
    ['west/east/gpt', 'west', 'east/gpt'],
  ])('%s: of the peer %s the model %s', (name, peer, model) => {
    expect(names.resolve(name)).toEqual({ kind: 'peer', peer, model });
  });

  it.each(['both', 'nobody', 'east', 'east/', 'coding', 'coding/gpt', ''])('%j: nothing', (name) => {
    expect(names.resolve(name)).toBeNull();
  });

  it('knows who makes a name ambiguous, and how many segments a name may have', () => {
    expect(names.ambiguousAt('both')).toEqual(['east', 'west']);
    expect(names.ambiguousAt('gpt')).toEqual([]);
    expect(names.mostSegments).toBe(3);
  });
});
