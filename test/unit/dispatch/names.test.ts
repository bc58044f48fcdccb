import { describe, expect, it } from 'vitest';
import type { Discoveries, PeerLists } from '../../../src/dispatch/discovered.ts';
import { createNameBook } from '../../../src/dispatch/name-book.ts';
import { createNames } from '../../../src/dispatch/names.ts';
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

describe('discovered models', () => {
  /** Lists as the peers give them; `says` changes one. */
  function discoveries(): Discoveries & { says: (lists: Record<string, string[]>) => void } {
    let lists: PeerLists = new Map();
    const listeners = new Set<() => void>();
    return {
      listed: () => lists,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      askUntil: () => Promise.resolve(),
      says(next) {
        lists = new Map(Object.entries(next));
        for (const listener of listeners) listener();
      },
    };
  }

  const growing = httpConfig([modelConfig('local')], {
    peers: [
      peerConfig('east', ['gpt'], 1, { discover: true }),
      peerConfig('west', ['both', 'solo'], 2),
      peerConfig('east/org', [], 3, { discover: true }),
      peerConfig('north', ['both'], 4),
    ],
  });

  it('D10: join the names, and leave them as they are where something is written', () => {
    const said = discoveries();
    const names = createNames(growing, said);
    expect([names.mayGrow, names.mostSegments, [...names.ofPeers()].length]).toEqual([true, 2, 4]);
    said.says({ east: ['gpt', 'new', 'a/b/c', 'local', 'solo', 'both'], west: ['nobody asked'], 'east/org': ['new'] });
    expect(names.mostSegments).toBe(4);
    expect([...names.ofPeers()].map(([name]) => name)).toEqual([
      'east/gpt',
      'west/both',
      'west/solo',
      'north/both',
      'east/new',
      'east/a/b/c',
      'east/local',
      'east/solo',
      'east/both',
      'east/org/new',
    ]);
    expect(names.resolve('a/b/c')).toEqual({ kind: 'peer', peer: 'east', model: 'a/b/c' });
    expect(names.resolveWritten('a/b/c')).toBeNull();
    expect(names.resolve('local')).toMatchObject({ kind: 'local' });
    expect(names.resolve('solo')).toMatchObject({ peer: 'west' });
    expect(names.resolve('new')).toBeNull();
    expect(names.ambiguousAt('new')).toEqual(['east', 'east/org']);
    // It means nothing by itself, so it is not the one that was discovered.
    expect(names.resolve('both')).toBeNull();
    expect(names.ambiguousAt('both')).toEqual(['west', 'north', 'east']);
    said.says({});
    expect([names.mostSegments, names.resolve('a/b/c')]).toEqual([2, null]);
  });

  it('D10: of two with one full name the first peer has it; of what is left out each change is told once', () => {
    const said = discoveries();
    const warnings: string[] = [];
    const book = createNameBook(growing, said, (message) => warnings.push(message));
    said.says({ east: ['org/new'], 'east/org': ['new', 'other'] });
    said.says({ east: ['org/new', 'more'], 'east/org': ['new', 'other'] });
    expect(book.current().resolve('east/org/new')).toEqual({ kind: 'peer', peer: 'east', model: 'org/new' });
    expect(book.current().resolve('new')).toBeNull();
    expect(book.current().resolve('other')).toMatchObject({ peer: 'east/org' });
    const line = (clash: string): string =>
      `models that the peer east/org lists are left out, because their names are taken: ${clash}`;
    expect(warnings).toEqual([line('"east/org/new" is a model of another peer')]);
    const before = book.current();
    book.adopt({ ...growing, aliases: new Map([['east/org/other', 'local']]) });
    expect(warnings.slice(1)).toEqual([
      line('"east/org/new" is a model of another peer, "east/org/other" is a model here'),
    ]);
    expect(book.current().resolve('other')).toBeNull();
    // Requests that began with the former configuration go on with its names.
    expect(before.resolve('other')).toMatchObject({ peer: 'east/org' });
    said.says({});
    said.says({ east: ['org/new'], 'east/org': ['new'] });
    expect(warnings.slice(2)).toEqual([line('"east/org/new" is a model of another peer')]);
  });

  it('D10: where nobody is to be discovered nothing that peers list counts', () => {
    const said = discoveries();
    const fixed = createNames(config, said);
    said.says({ east: ['new'] });
    expect([fixed.mayGrow, fixed.resolve('east/new'), fixed.resolve('new')]).toEqual([false, null, null]);
  });
});
