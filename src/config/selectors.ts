import { canContainAll, type PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { SelectorInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { reportUnknownTarget, resolveTarget, type TargetNames } from './targets.ts';
import type { SelectorConfig, SelectorTarget } from './types.ts';

/** @param routing null when it has errors of its own */
export function selectorConfigs(
  raw: Readonly<Record<string, Partial<SelectorInput<never>>>>,
  names: TargetNames,
  routing: PolicyRules | null,
  report: Report,
): Map<string, SelectorConfig> {
  return new Map(
    Object.entries(raw).map(([id, selector]) => [id, selectorConfig(id, selector, names, routing, report)]),
  );
}

function selectorConfig(
  id: string,
  raw: Partial<SelectorInput<never>>,
  names: TargetNames,
  routing: PolicyRules | null,
  report: Report,
): SelectorConfig {
  const path: KeyPath = ['selectors', id];
  if (id.trim() === '') report.error(path, 'a selector needs an id', 'put a name before the colon');
  const strategy = (raw.strategy ?? 'pin') as SelectorConfig['strategy'];
  const targets = resolveTargets(raw.targets ?? [], path, names, report);
  const spillover = raw.settings?.spillover ?? 1;
  if (strategy === 'warm') requireLocal(targets, raw.targets ?? [], path, report);
  if (strategy === 'spillover') {
    const settings = [...path, 'settings', 'spillover'];
    if (spillover < 1) report.error(settings, `must be 1 or more, not ${spillover}`, 'write for example spillover: 1');
    requireDistinct(targets, path, report);
    requireTogether(targets, path, routing, report);
  }
  return {
    id,
    strategy,
    targets,
    spillover: Math.max(1, spillover),
    name: raw.name?.trim() ?? '',
    description: raw.description?.trim() ?? '',
    unlisted: raw.unlisted ?? false,
    metadata: raw.metadata ?? {},
  };
}

function resolveTargets(
  written: readonly string[],
  path: KeyPath,
  names: TargetNames,
  report: Report,
): readonly SelectorTarget[] {
  return written.flatMap((name, index) => {
    const targetPath = [...path, 'targets', index];
    if (names.selectors.has(name)) {
      report.error(targetPath, `"${report.shown(targetPath)}" is a selector`, 'name models: selectors do not chain');
      return [];
    }
    const target = resolveTarget(name, names);
    if (target === null) reportUnknownTarget(targetPath, name, names, report);
    return target ?? [];
  });
}

/** What is warm can be told of models of our own only. */
function requireLocal(
  targets: readonly SelectorTarget[],
  written: readonly string[],
  path: KeyPath,
  report: Report,
): void {
  for (const target of targets) {
    if (target.kind !== 'peer') continue;
    const targetPath = [...path, 'targets', written.indexOf(target.name)];
    const message = `"${report.shown(targetPath)}" is a model of the peer "${target.peer}": whether it is warm is not known`;
    report.error(targetPath, message, 'use strategy: spillover or pin, or name models of your own only');
  }
}

function requireDistinct(targets: readonly SelectorTarget[], path: KeyPath, report: Report): void {
  const seen = new Set<string>();
  for (const target of targets) {
    const meaning = target.kind === 'model' ? target.model : `${target.peer}/${target.model}`;
    if (seen.has(meaning)) report.error([...path, 'targets'], `"${meaning}" is named twice`, 'name each model once');
    seen.add(meaning);
  }
}

function requireTogether(
  targets: readonly SelectorTarget[],
  path: KeyPath,
  routing: PolicyRules | null,
  report: Report,
): void {
  const local = targets.flatMap((target) => (target.kind === 'model' ? [target.model] : []));
  if (routing === null || canContainAll(routing, local)) return;
  report.error(
    [...path, 'targets'],
    `the models ${local.map((model) => `"${model}"`).join(', ')} cannot run together`,
    routing.kind === 'matrix'
      ? 'add a set to the matrix that holds all of them'
      : 'put all of them into one group with swap: false',
  );
}
