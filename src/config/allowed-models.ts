import { discoveringPeer } from './peer-names.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { reportUnknownTarget, resolveTarget, type TargetNames } from './targets.ts';
import type { AllowedConfig, Config, PeerId, SelectorTarget } from './types.ts';

/** Everything that a key may be limited to. */
export interface AllowableNames extends Pick<Config, 'profiles' | 'pins' | 'peers'> {
  readonly targets: TargetNames;
}

/**
 * What the names in a key's `models` stand for. In the order in which a request's name is looked up: a selector, a model
 * or alias, a model of a peer; then a profile (its members, or what its pins lead to), then a peer with all its models. What is none of these may be
 * the full name of a model that a peer with `discover` will list: nobody can tell, so it is taken for one.
 */
export function allowedModels(
  written: readonly string[],
  path: KeyPath,
  names: AllowableNames,
  report: Report,
): AllowedConfig {
  const models = new Set<string>();
  const peerModels = new Set<string>();
  const peers = new Set<PeerId>();
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
    else if (peer !== undefined) peers.add(peer.id);
    else return false;
    return true;
  }

  function allowDiscovered(name: string): boolean {
    if (discoveringPeer(name, names.targets.peers) === null) return false;
    peerModels.add(name);
    return true;
  }

  written.forEach((name, index) => {
    if (allowNamed(name) || allowAllOf(name)) return;
    const pinning = [...names.pins.values()].find(({ pins }) => pins.has(name));
    // A name that is pinned never leads to a discovered model.
    if (pinning === undefined && allowDiscovered(name)) return;
    const place = [...path, index];
    if (name.trim() === '') report.error(place, 'is empty', 'name a model, or take it out');
    else if (pinning === undefined) reportUnknownTarget(place, name, names.targets, report);
    else {
      const message = `"${report.shown(place)}" is a name that the profile "${pinning.id}" pins`;
      report.error(place, message, 'name the profile, or what the pin leads to');
    }
  });
  return { models: [...models], peerModels: [...peerModels], peers: [...peers], selectors: [...selectors] };
}
