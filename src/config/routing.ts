import { compileGroups } from '../../machines/orchestrator/policies/compile-groups.ts';
import { compileMatrix } from '../../machines/orchestrator/policies/compile-matrix.ts';
import type { Compiled } from '../../machines/orchestrator/policies/compiled.ts';
import { EXCLUSIVE, type PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { ConfigInput, GroupInput, MatrixInput } from './input.ts';
import type { KnownModels } from './known-models.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';

const SETTINGS = ['routing', 'router', 'settings'] as const;
const DEFAULT_GROUP = '(default)';

/**
 * The rules of who may run with whom, from `routing.router` or from where old files have them. Of groups and a matrix
 * only the one in use is looked at.
 *
 * @returns null when something is wrong with them
 */
export function routingRules(raw: ConfigInput<never>, known: KnownModels, report: Report): PolicyRules | null {
  const { router } = raw.routing ?? {};
  const hasOldGroups = Object.keys(raw.groups ?? {}).length > 0;
  if (hasOldGroups || raw.matrix) {
    const old = raw.matrix ? 'matrix' : 'groups';
    if (hasOldGroups && raw.matrix) {
      report.error(['matrix'], 'cannot be used together with groups', 'keep one of the two');
      return null;
    }
    if (router?.use !== undefined || router?.settings?.groups || router?.settings?.matrix) {
      const message = 'cannot be used together with routing.router';
      report.error([old], message, `move it to routing.router.settings.${old}`);
      return null;
    }
    return raw.matrix
      ? matrixRules(raw.matrix, ['matrix'], known, report)
      : groupRules(raw.groups ?? {}, ['groups'], known, report);
  }
  if (router?.use !== 'matrix')
    return groupRules(router?.settings?.groups ?? {}, [...SETTINGS, 'groups'], known, report);
  if (router.settings?.matrix) return matrixRules(router.settings.matrix, [...SETTINGS, 'matrix'], known, report);
  report.error(['routing', 'router', 'use'], 'is matrix, and there is none', 'add routing.router.settings.matrix');
  return null;
}

function groupRules(
  groups: Readonly<Record<string, GroupInput<never>>>,
  path: KeyPath,
  known: KnownModels,
  report: Report,
): PolicyRules | null {
  if (Object.keys(groups).length === 0) return EXCLUSIVE;
  if (Object.hasOwn(groups, DEFAULT_GROUP)) {
    report.error([...path, DEFAULT_GROUP], 'is the name of the group of all models in no group', 'rename it');
  }
  for (const [name, { members = [] }] of Object.entries(groups)) {
    members.forEach((member, index) => {
      const id = known.declared.has(member) ? undefined : known.aliases.get(member);
      if (id === undefined) return;
      const memberPath = [...path, name, 'members', index];
      report.warning(
        memberPath,
        `"${report.shown(memberPath)}" is an alias; the model "${id}" is meant`,
        `write ${id}`,
      );
    });
  }
  return rulesOf(compileGroups(groups, known.declared, known.aliases), path, report);
}

function matrixRules(
  matrix: MatrixInput<never>,
  path: KeyPath,
  known: KnownModels,
  report: Report,
): PolicyRules | null {
  return rulesOf(compileMatrix(matrix, known.declared), path, report);
}

function rulesOf<Rules extends PolicyRules>(
  compiled: Compiled<Rules>,
  section: KeyPath,
  report: Report,
): PolicyRules | null {
  if ('rules' in compiled) return compiled.rules;
  for (const { path, message, hint } of compiled.problems) {
    const whole = [...section, ...path];
    const isHidden = report.shown(whole).includes('${env.');
    report.error(whole, isHidden ? 'what the environment holds here does not fit' : message, hint);
  }
  return null;
}
