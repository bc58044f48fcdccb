import { exclusive } from './exclusive.ts';
import type { EvictionPolicy } from './policy.ts';

/** Every policy a configuration can choose. By name, since a state holds data and no functions. */
export const POLICIES = { exclusive } as const satisfies Record<string, EvictionPolicy>;

export type PolicyName = keyof typeof POLICIES;
