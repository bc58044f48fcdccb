/** How weights are stored: GGUF's tensor type, its file type and the bytes that n numbers take. */
export const ENCODINGS = {
  f32: { tensorType: 0, fileType: 0, bytes: (n: number) => n * 4 },
  f16: { tensorType: 1, fileType: 1, bytes: (n: number) => n * 2 },
} as const;

export type Encoding = keyof typeof ENCODINGS;

export function encode(values: Float32Array<ArrayBuffer>, encoding: Encoding): Buffer {
  if (encoding === 'f16') return Buffer.from(Uint16Array.from(values, halfBits).buffer);
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the nearest IEEE half-precision number (ties away from zero). */
function halfBits(value: number): number {
  float[0] = value;
  const all = bits[0]!;
  const sign = (all >>> 16) & 0x8000;
  const exponent = ((all >>> 23) & 0xff) - 112;
  const mantissa = all & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent > 0) return sign + (exponent << 10) + ((mantissa + 0x1000) >>> 13);
  if (exponent < -10) return sign;
  const shift = 14 - exponent;
  return sign | (((mantissa | 0x800000) + (1 << (shift - 1))) >>> shift);
}
