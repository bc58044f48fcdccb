/** GGUF's numbers for the kinds of value that are used here. */
const KIND = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

type Scalar = 'u32' | 'i32' | 'f32' | 'bool' | 'string';

/** The key-value part of a GGUF file, in the order it was put together. */
export class Metadata {
  readonly entries: Buffer[] = [];

  put(key: string, kind: Scalar, value: number | boolean | string): this {
    this.entries.push(Buffer.concat([text(key), u32(KIND[kind]), scalar(kind, value)]));
    return this;
  }

  putAll(key: string, kind: Scalar, values: readonly (number | string)[]): this {
    const items = values.map((value) => scalar(kind, value));
    this.entries.push(Buffer.concat([text(key), u32(KIND.array), u32(KIND[kind]), u64(values.length), ...items]));
    return this;
  }
}

function scalar(kind: Scalar, value: number | boolean | string): Buffer {
  if (kind === 'string') return text(String(value));
  if (kind === 'bool') return Buffer.from([value ? 1 : 0]);
  if (kind === 'u32') return u32(Number(value));
  const out = Buffer.alloc(4);
  if (kind === 'i32') out.writeInt32LE(Number(value));
  else out.writeFloatLE(Number(value));
  return out;
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

export function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}
