import type { ModelInput } from './input.ts';
import type { CapabilitiesConfig, Modality } from './types.ts';

/** Null when all of them are missing, empty, off or 0. */
export function capabilitiesConfig(raw: NonNullable<ModelInput<never>['capabilities']>): CapabilitiesConfig | null {
  const { tools = false, reranker = false, context = 0 } = raw;
  const understands = (raw.in ?? []) as readonly Modality[];
  const makes = (raw.out ?? []) as readonly Modality[];
  const isAny = understands.length > 0 || makes.length > 0 || tools || reranker || context > 0;
  return isAny ? { in: understands, out: makes, tools, reranker, context } : null;
}
