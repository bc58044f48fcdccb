/** Seeded random numbers (mulberry32): the same seed makes the same file, byte for byte. */
export interface Random {
  /** From 0 up to, not including, 1. */
  uniform(): number;
  /** Normally distributed around 0 with deviation 1. */
  gauss(): number;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const gauss = () => {
    const u = 1 - uniform();
    const v = uniform();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  };
  return { uniform, gauss };
}
