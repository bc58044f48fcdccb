import { ENCODINGS, type Encoding } from './encoding.ts';

export interface Shape {
  readonly layers: number;
  /** Length of the residual stream; a multiple of 32 and of `heads`. */
  readonly width: number;
  readonly heads: number;
  /** Width of the feed-forward part; a multiple of 32. */
  readonly feedForward: number;
  readonly encoding: Encoding;
}

/** How a tensor is filled: ones, the token codes (in or out), random weights, or random weights that hardly matter. */
type Filling = 'ones' | 'code-in' | 'code-out' | 'weights' | 'faint-weights';

export interface Tensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly filling: Filling;
  readonly encoding: Encoding;
  readonly bytes: number;
  /** From the start of the tensor data. */
  readonly offset: number;
}

export const ALIGNMENT = 32;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The tensors of a llama of this shape, in file order. */
export function layOut({ layers, width, feedForward, encoding }: Shape, tokenCount: number): Tensor[] {
  const tensors: Tensor[] = [];
  let offset = 0;
  const add = (name: string, dimensions: number[], filling: Filling, stored = encoding) => {
    const bytes = ENCODINGS[stored].bytes(dimensions.reduce((a, b) => a * b, 1));
    tensors.push({ name: `${name}.weight`, dimensions, filling, encoding: stored, bytes, offset });
    offset += aligned(bytes);
  };
  // Quantised codes would be too coarse to tell many tokens apart.
  const codes = encoding === 'f32' ? 'f32' : 'f16';

  add('token_embd', [width, tokenCount], 'code-in', codes);
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`;
    add(`${block}.attn_norm`, [width], 'ones', 'f32');
    add(`${block}.attn_q`, [width, width], 'weights');
    add(`${block}.attn_k`, [width, width], 'weights');
    add(`${block}.attn_v`, [width, width], 'weights');
    add(`${block}.attn_output`, [width, width], 'faint-weights');
    add(`${block}.ffn_norm`, [width], 'ones', 'f32');
    add(`${block}.ffn_gate`, [width, feedForward], 'weights');
    add(`${block}.ffn_up`, [width, feedForward], 'weights');
    add(`${block}.ffn_down`, [feedForward, width], 'faint-weights');
  }
  add('output_norm', [width], 'ones', 'f32');
  add('output', [width, tokenCount], 'code-out', codes);
  return tensors;
}
