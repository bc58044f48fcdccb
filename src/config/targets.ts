import { findModel, hintForModel, type KnownModels } from './known-models.ts';
import { discoveringPeer, findPeerModel, type PeerNames } from './peer-names.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { SelectorTarget } from './types.ts';

/** Everything that a pin or a selector may lead to. */
export interface TargetNames {
  readonly known: KnownModels;
  readonly peers: PeerNames;
  readonly selectors: ReadonlySet<string>;
}

/** The model or peer model that a name means. Models of our own win over bare names of peers. */
export function resolveTarget(name: string, { known, peers }: TargetNames): SelectorTarget | null {
  const model = findModel(name, known);
  if (model !== null) return { kind: 'model', model, name };
  const remote = findPeerModel(name, peers);
  return remote === null ? null : { kind: 'peer', ...remote, name };
}

/** Says why a name means nothing, unless it means a model that has errors of its own. */
export function reportUnknownTarget(path: KeyPath, name: string, names: TargetNames, report: Report): void {
  const { known, peers } = names;
  if (known.declared.has(name)) return;
  const shown = report.shown(path);
  const offers = peers.bare.get(name) ?? [];
  if (offers.length > 1) {
    const full = offers.map(({ peer, model }) => `${peer}/${model}`).join(' or ');
    report.error(path, `more than one peer offers "${shown}"`, `write ${full}`);
  } else {
    report.error(path, `there is no model "${shown}"`, hintForPeer(name, peers) ?? hintForModel(name, known));
  }
}

/** What a peer will list is not known yet, and may change: nothing that is written can count on it. */
function hintForPeer(name: string, peers: PeerNames): string | null {
  const peer = discoveringPeer(name, peers);
  return peer === null ? null : `put its name into peers.${peer}.models: discovered models are no targets`;
}
