import { findModel, reportUnknownModel, type KnownModels } from './known-models.ts';
import type { KeyPath } from './problems.ts';
import { listenAddress } from './proxy-url.ts';
import type { Report } from './report.ts';
import type { ProfileConfig } from './types.ts';

/** List-shaped profiles, with their members (ids or aliases) resolved to ids. */
export function profileConfigs(
  raw: Readonly<Record<string, readonly string[]>>,
  known: KnownModels,
  report: Report,
): Map<string, ProfileConfig> {
  const profiles = Object.entries(raw).map(([id, names]): [string, ProfileConfig] => {
    const path: KeyPath = ['profiles', id];
    if (id.trim() === '' || /[:/]/.test(id)) {
      report.error(path, 'a profile name must not be empty, nor hold ":" or "/"', 'choose a name like coding');
    }
    const members = resolveMembers(names, path, known, report);
    checkNames(id, members, path, known, report);
    return [id, canRunTogether(members, path, known, report) ? { id, members } : { id, members, takesTurns: true }];
  });
  return new Map(profiles);
}

function resolveMembers(names: readonly string[], path: KeyPath, known: KnownModels, report: Report): string[] {
  const members: string[] = [];
  names.forEach((name, index) => {
    const id = findModel(name, known);
    const shown = report.shown([...path, index]);
    if (id !== null && members.includes(id)) {
      report.warning([...path, index], `"${shown}" is in this profile already`, 'take it out');
    } else if (id !== null) {
      members.push(id);
    } else reportUnknownModel([...path, index], name, shown, known, report);
  });
  return members;
}

/** Only when each member has an address of its own. */
function canRunTogether(members: readonly string[], path: KeyPath, known: KnownModels, report: Report): boolean {
  const owners = new Map<string, string>();
  for (const member of members) {
    const upstream = known.models.get(member)?.upstream;
    if (upstream === undefined || upstream.url === '') continue;
    const address = listenAddress(upstream);
    const owner = owners.get(address);
    if (owner !== undefined) {
      report.warning(
        path,
        `"${owner}" and "${member}" listen on the same address (${address}): the members cannot run together, and take turns`,
        'use ${PORT} in their cmd, or give each its own port',
      );
      return false;
    }
    owners.set(address, member);
  }
  return true;
}

/** `profile:model` must not be something else as well. */
function checkNames(id: string, members: readonly string[], path: KeyPath, known: KnownModels, report: Report): void {
  for (const member of members) {
    for (const name of [member, ...(known.models.get(member)?.aliases ?? [])]) {
      for (const address of [`${id}:${name}`, `${id}/${name}`]) {
        if (!known.models.has(address) && !known.aliases.has(address)) continue;
        report.error(
          path,
          `"${address}" is a member of this profile and also a model of its own`,
          'rename one of the two',
        );
      }
    }
  }
}
