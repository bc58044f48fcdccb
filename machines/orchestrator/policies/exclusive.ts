import type { EvictionPolicy } from './policy.ts';

/** One model, or one profile, at a time. */
export const exclusive: EvictionPolicy = ({ loads, resident }) => resident.filter((model) => !loads.includes(model));
