import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { reportUnknownTarget, resolveTarget, type TargetNames } from './targets.ts';
import type { AllowedConfig, Config, SelectorTarget } from './types.ts';

/** Everything that a key may be limited to. */
export interface AllowableNames extends Pick<Config, 'profiles' | 'pins' | 'peers'> {
  readonly targets: TargetNames;
}

/**
 * What the names in a key's `models` stand for. In the order in which a request's name is looked up: a selector, a model
 * or alias, a model of a peer; then a profile (its members, or what its pins lead to), then a peer with all its models.
 */
export function allowedModels(
  written: readonly string[],
  path: KeyPath,
  names: AllowableNames,
  report: Report,
): AllowedConfig {
  const models = new Set<string>();
  const peerModels = new Set<string>();
  const selectors = new Set<string>();

  function allow(target: SelectorTarget): void {
    if (target.kind === 'model') models.add(target.model);
    else peerModels.add(`${target.peer}/${target.model}`);
  }

  function allowNamed(name: string): boolean {
    const target = resolveTarget(name, names.targets);
    if (names.targets.selectors.has(name)) selectors.add(name);
    else if (target !== null) allow(target);
    else return false;
    return true;
  }

  function allowAllOf(name: string): boolean {
    const profile = names.profiles.get(name);
    const pins = names.pins.get(name)?.pins.values();
    const peer = names.peers.get(name);
    if (profile !== undefined) for (const member of profile.members) models.add(member);
    // A target that is unknown has been reported where it stands.
    else if (pins !== undefined) for (const target of pins) allowNamed(target ?? '');
    else if (peer !== undefined) for (const model of peer.models) peerModels.add(`${peer.id}/${model}`);
    else return false;
    return true;
  }

  written.forEach((name, index) => {
    if (allowNamed(name) || allowAllOf(name)) return;
    const place = [...path, index];
    const pinning = [...names.pins.values()].find(({ pins }) => pins.has(name));
    if (name.trim() === '') report.error(place, 'is empty', 'name a model, or take it out');
    else if (pinning === undefined) reportUnknownTarget(place, name, names.targets, report);
    else {
      const message = `"${report.shown(place)}" is a name that the profile "${pinning.id}" pins`;
      report.error(place, message, 'name the profile, or what the pin leads to');
    }
  });
  return { models: [...models], peerModels: [...peerModels], selectors: [...selectors] };
}
