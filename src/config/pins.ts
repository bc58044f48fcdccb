import type { PinsInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { TargetNames } from './targets.ts';
import { reportUnknownTarget, resolveTarget } from './targets.ts';
import type { PinsConfig } from './types.ts';

/** Mapping-shaped profiles. Their pins do not chain: a target is never another pin. */
export function pinsConfigs(
  raw: Readonly<Record<string, Partial<PinsInput>>>,
  names: TargetNames,
  report: Report,
): Map<string, PinsConfig> {
  return new Map(Object.entries(raw).map(([id, profile]) => [id, pinsConfig(id, profile, names, report)]));
}

function pinsConfig(id: string, raw: Partial<PinsInput>, names: TargetNames, report: Report): PinsConfig {
  const path: KeyPath = ['profiles', id];
  if (id.trim() === '') report.error(path, 'a profile needs a name', 'put a name before the colon');
  const entries = Object.entries(raw.pins ?? {});
  if (raw.pins && entries.length === 0) {
    report.error([...path, 'pins'], 'is empty', 'pin at least one name, like chat: some-model');
  }
  const pins = entries.map(([name, target]): [string, string | null] => {
    const pinPath = [...path, 'pins', name];
    if (name.trim() === '') report.error(pinPath, 'a pin needs a name', 'put a name before the colon');
    if (target === null || target === '') return [name, null];
    if (!names.selectors.has(target) && resolveTarget(target, names) === null) {
      reportUnknownTarget(pinPath, target, names, report);
    }
    return [name, target];
  });
  return { id, description: raw.description?.trim() ?? '', pins: new Map(pins) };
}
