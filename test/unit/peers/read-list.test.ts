import { describe, expect, it } from 'vitest';
import { readList } from '../../../src/peers/read-list.ts';
import type { PeerList, PeerRecord } from '../../../src/peers/record.ts';

function list(answer: unknown): PeerList {
  const read = readList(JSON.stringify(answer));
  if ('wrong' in read) throw new Error(read.wrong);
  return read;
}

function record(row: object): PeerRecord {
  const read = list({ data: [{ id: 'm', ...row }] }).records.get('m');
  if (read === undefined) throw new Error('no record');
  return read;
}

describe('the list of a peer', () => {
  it('may be an object with data, or the rows alone', () => {
    expect(list({ data: [{ id: 'b' }, { id: 'a' }] }).own).toEqual(['b', 'a']);
    expect(list([{ id: 'a' }]).own).toEqual(['a']);
    expect(list({ data: [] })).toEqual({ records: new Map(), own: [] });
  });

  it.each(['', '{', 'null', '7', '"data"', '{}', '{"data":null}', '{"data":{}}', '{"models":[]}'])(
    '%j is none',
    (text) => {
      expect(readList(text)).toEqual({ wrong: 'its answer is no list of models' });
    },
  );

  it('the first of two rows counts, a row before an alias, the first of two aliases', () => {
    const swap = (aliases: unknown): object => ({ meta: { llamaswap: { aliases } } });
    const { records, own } = list([
      { id: 'a', context_length: 1, ...swap(['b', 'x']) },
      { id: 'b', context_length: 2, ...swap(['x', 'y', 7, '']) },
      { id: 'a', context_length: 3 },
    ]);
    const contexts = [...records].map(([name, { details }]) => [name, details.context_length]);
    expect(contexts).toEqual([
      ['a', 1],
      ['b', 2],
      ['x', 1],
      ['y', 2],
    ]);
    expect(own).toEqual(['a', 'b']);
  });

  it.each([
    [undefined, true],
    [null, true],
    ['loaded', true],
    [{}, true],
    [{ value: 7 }, true],
    [{ value: 'loaded' }, true],
    [{ value: 'loading' }, true],
    [{ value: 'unloaded' }, false],
    [{ value: 'failed' }, false],
    [{ value: 'sleeping' }, false],
  ])('status %j: loaded %s', (status, isLoaded) => {
    expect(record({ status }).isLoaded).toBe(isLoaded);
  });

  it.each([
    [{ context_length: 5, max_model_len: 4 }, 5],
    [{ max_model_len: 4 }, 4],
    [{ max_context_length: 3 }, 3],
    [{ context_window: 2 }, 2],
    [{ meta: { n_ctx: 1, n_ctx_train: 9 } }, 1],
    [{ meta: { n_ctx_train: 9 } }, undefined],
    [{ context_length: 0, context_window: 2 }, 2],
    [{ context_length: '5' }, undefined],
    [{ context_length: 1.5 }, undefined],
    [{ context_length: 1e300 }, undefined],
  ])('context of %j: %s', (row, context) => {
    expect(record(row).details.context_length).toBe(context);
  });

  it.each([
    [{ capabilities: { vision: true, tools: false, odd: 1 } }, { capabilities: { vision: true } }],
    [{ capabilities: ['completion', 7] }, { capabilities: { completion: true } }],
    [{ capabilities: 'vision' }, {}],
    [{ capabilities: {} }, {}],
    [{ supported_parameters: ['tools', null] }, { supported_parameters: ['tools'] }],
    [{ architecture: { modality: 'text->text', tokenizer: 'x' } }, { architecture: { modality: 'text->text' } }],
    [
      { architecture: { input_modalities: ['file'], output_modalities: {} } },
      { architecture: { input_modalities: ['file'] } },
    ],
    [{ architecture: [] }, {}],
    [{ description: ' Two\n\nlines ' }, { description: 'Two lines' }],
    [{ description: 'x'.repeat(501) }, { description: 'x'.repeat(500) }],
    [{ description: '\u{1F600}'.repeat(250) + 'a' }, { description: '\u{1F600}'.repeat(250) }],
    [{ description: {} }, {}],
  ])('details of %j: %j', (row, details) => {
    expect(record(row).details).toEqual(details);
  });

  it('metadata is what people wrote; what is too long or too deep is left out as a whole', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
    const meta = { n_params: 7, llamaswap: { type: 'model', aliases: [], targets: [], family: { name: 'x' } } };
    expect(record({ meta })).toMatchObject({ meta: { n_params: 7 }, metadata: { family: { name: 'x' } } });
    expect(record({ meta: nested(8) }).meta).toEqual(nested(8));
    expect(record({ meta: nested(9) }).meta).toEqual({});
    expect(record({ meta: { text: 'x'.repeat(5_000), llamaswap: { a: 1 } } })).toMatchObject({
      meta: {},
      metadata: { a: 1 },
    });
    expect(record({ meta: ['a'] })).toMatchObject({ meta: {}, metadata: {} });
  });
});
