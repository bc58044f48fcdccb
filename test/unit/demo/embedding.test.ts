import { describe, expect, it } from 'vitest';
import { embed } from '../../../src/demo/embedding.ts';
import { relevance } from '../../../src/demo/rerank.ts';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

describe('embed', () => {
  it('gives the same unit vector for the same text', () => {
    for (const text of ['', 'hello', 'The quick brown fox', '日本語 ½ 🦊']) {
      const vector = embed(text, 70);
      expect(vector).toHaveLength(70);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
      expect(embed(text, 70)).toEqual(vector);
    }
  });

  it('puts texts that share words closer than texts that do not, and tells word orders apart', () => {
    const cats = embed('cats chase mice', 64);
    expect(dot(cats, embed('mice fear cats', 64))).toBeGreaterThan(dot(cats, embed('stocks fell today', 64)));
    expect(embed('a b', 64)).not.toEqual(embed('b a', 64));
  });
});

describe('relevance', () => {
  it('is 1 for the same words, 0 for none in common, and between for some', () => {
    expect(relevance('What is a panda?', 'a panda is what')).toBe(1);
    expect(relevance('panda', 'The sky is blue.')).toBe(0);
    expect(relevance('', 'anything')).toBe(0);
    const some = relevance('what is a panda', 'The panda is a bear');
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(1);
  });
});
