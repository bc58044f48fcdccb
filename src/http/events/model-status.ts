import type { Config, ModelConfig, PeerConfig } from '../../config/types.ts';
import { capabilityFields } from '../capabilities.ts';
import type { HttpDeps } from '../deps.ts';
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
  readonly unlisted: boolean;
  readonly peerID: string;
  readonly aliases?: readonly string[];
  readonly capabilities?: Readonly<Record<string, true>>;
  readonly context_length?: number;
}

type Board = HttpDeps['board'];

/** The models of this gateway sorted by id, then those of the peers. */
export function modelStatuses(config: Config, board: Board): readonly ModelStatus[] {
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
    ...[...config.peers.values()].flatMap(peerStatuses),
  ];
}

function statusOf(model: ModelConfig, aliases: readonly string[], board: Board): ModelStatus {
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

function peerStatuses({ id, models }: PeerConfig): ModelStatus[] {
  return models.map((model) => ({
    id: `${id}/${model}`,
    name: `${id}: ${model}`,
    description: '',
    state: '',
    unlisted: false,
    peerID: id,
  }));
}
