import type { Config, ModelConfig } from '../../config/types.ts';
import type { Names } from '../../dispatch/names.ts';
import type { PeerModel } from '../../dispatch/peer-index.ts';
import { capabilityFields } from '../capabilities.ts';
import type { PeerModels } from '../../peers/peer-models.ts';
import type { StatusBoard } from '../needs.ts';
import { loadStatus, type LoadStatus } from '../load-status.ts';
import { shownState } from '../shown-state.ts';

/** One model as an event shows it. */
export interface ModelStatus {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** '' for a model of a peer. */
  readonly state: string;
  /** The phase it is really in; absent for a model of a peer. */
  readonly phase?: string;
  /** What the peer says, for a model of a peer; absent for others. */
  readonly status?: LoadStatus;
  readonly unlisted: boolean;
  readonly peerID: string;
  readonly aliases?: readonly string[];
  readonly capabilities?: Readonly<Record<string, true>>;
  readonly context_length?: number;
}

type Records = Pick<PeerModels, 'recordOf'>;

export interface ModelStatusParts {
  readonly config: Config;
  readonly names: Names;
  readonly board: StatusBoard;
  readonly peerModels: Records;
}

/** The models of this gateway sorted by id, then those of the peers. */
export function modelStatuses({ config, names, board, peerModels }: ModelStatusParts): readonly ModelStatus[] {
  const models = [...config.models.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const aliases = Map.groupBy(config.aliases, ([, model]) => model);
  return [
    ...models.map((model) =>
      statusOf(
        model,
        (aliases.get(model.id) ?? []).map(([alias]) => alias),
        board,
      ),
    ),
    ...[...names.ofPeers()].map(([id, model]) => peerStatus(id, model, peerModels)),
  ];
}

function statusOf(model: ModelConfig, aliases: readonly string[], board: StatusBoard): ModelStatus {
  const phase = board.phaseOf(model.id);
  const { capabilities, context_length } = capabilityFields(model.capabilities);
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    state: shownState(phase),
    phase,
    unlisted: model.unlisted,
    peerID: '',
    ...(aliases.length > 0 && { aliases }),
    ...(capabilities !== undefined && { capabilities }),
    ...(context_length !== undefined && { context_length }),
  };
}

function peerStatus(id: string, { peer, model }: PeerModel, { recordOf }: Records): ModelStatus {
  const record = recordOf(peer, model);
  const { capabilities, context_length } = record?.details ?? {};
  return {
    id,
    name: `${peer}: ${model}`,
    description: '',
    state: '',
    status: loadStatus(record?.isLoaded ?? false),
    unlisted: false,
    peerID: peer,
    ...(capabilities !== undefined && { capabilities }),
    ...(context_length !== undefined && { context_length }),
  };
}
