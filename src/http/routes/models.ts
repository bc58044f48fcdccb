import type { RequestHandler } from 'express';
import type { CapabilitiesConfig, Config, ModelConfig, PinsConfig, SelectorConfig } from '../../config/types.ts';
import type { PeerModel } from '../../dispatch/peer-index.ts';
import { clientOf } from '../access/client.ts';
import type { Scope } from '../access/scope.ts';
import { capabilityFields } from '../capabilities.ts';
import type { CapabilityFields } from '../capabilities.ts';
import type { HttpDeps } from '../deps.ts';
import { loadStatus, type LoadStatus } from '../load-status.ts';
import { sendJson } from '../send.ts';

/** One row of `/v1/models`, but for what is the same in all of them. */
interface Row extends CapabilityFields {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly status: LoadStatus;
  readonly meta: { readonly llamaswap: object; readonly [more: string]: unknown };
}

type Board = HttpDeps['board'];

/** Said by the record itself when the configuration has `capabilities`. */
const CAPABILITY_KEYS: ReadonlySet<string> = new Set([
  'architecture',
  'capabilities',
  'supported_parameters',
  'context_length',
]);

/**
 * `GET /v1/models`: everything a client may ask for: models and their aliases, models of peers, selectors, and the pins
 * of the active profile; with the state of each. Unlisted ones stay hidden, and whatever the client may not ask for. What
 * peers say of theirs is what they said last: nobody waits for them.
 */
export function listModels({ config, names, board, pins, peerModels }: HttpDeps): RequestHandler {
  const models = [...config.models.values()].filter((model) => !model.unlisted);
  const aliases = aliasesOf(config);
  const selectors = [...config.selectors.values()].filter((selector) => !selector.unlisted);
  const isTaken = (name: string): boolean => names.resolveWritten(name) !== null || config.selectors.has(name);
  /** Whether a request for that name would be let through. */
  const isFor = (scope: Scope, name: string): boolean => {
    const pinned = pins.active(config)?.pins.get(name);
    if (pinned === null) return false;
    const meant = pinned ?? name;
    const selector = config.selectors.get(meant);
    if (selector !== undefined) return scope.narrow(selector) !== null;
    const found = names.resolve(meant);
    return found !== null && scope.allows(found);
  };
  // D10: the same in every answer, so that clients may compare two of them.
  const created = Math.floor(performance.timeOrigin / 1000);

  return (req, res) => {
    peerModels.look();
    const active = pins.active(config);
    const scope = clientOf(res)?.scope ?? null;
    const rows: readonly Row[] = [
      ...models.flatMap((model) => modelRows(model, aliases.get(model.id) ?? [], config.includeAliasesInList, board)),
      ...[...names.ofPeers()].map(([id, model]) => peerRow(id, model, peerModels)),
      ...selectors.map((selector) => selectorRow(scope?.narrow(selector) ?? selector, board)),
      ...(active === null ? [] : pinRows(active, isTaken)),
    ];
    const data = rows
      .filter(({ id }) => scope === null || isFor(scope, id))
      .map(({ id, ...rest }) => ({ id, object: 'model', created, owned_by: 'llama-swap', ...rest }))
      .sort(byId);
    const { origin } = req.headers;
    const headers: Record<string, string> = { vary: 'Origin' };
    if (origin !== undefined) headers['access-control-allow-origin'] = origin;
    sendJson(res, { object: 'list', data }, headers);
  };
}

function modelRows(model: ModelConfig, aliases: readonly string[], withAliases: boolean, board: Board): Row[] {
  const row = {
    ...texts(model),
    status: loadStatus(board.phaseOf(model.id) !== 'stopped'),
    ...capabilityFields(model.capabilities),
  };
  const meta = (own: object): Row['meta'] => ({
    llamaswap: { ...metadataOf(model), ...own },
    ...contextOf(model.capabilities),
  });
  return [
    { id: model.id, ...row, meta: meta({ type: 'model', aliases }) },
    ...(withAliases ? aliases : []).map((id) => ({ id, ...row, meta: meta({ type: 'alias', modelID: model.id }) })),
  ];
}

/** What llama-swap itself says of a row stands above what the peer says. */
function peerRow(id: string, { peer, model }: PeerModel, { recordOf }: HttpDeps['peerModels']): Row {
  const { isLoaded = false, details, meta, metadata } = recordOf(peer, model) ?? {};
  const context = details?.context_length;
  return {
    id,
    name: `${peer}: ${model}`,
    ...details,
    status: loadStatus(isLoaded),
    meta: {
      ...(context !== undefined && { n_ctx: context }),
      ...meta,
      llamaswap: { ...metadata, type: 'peer', peerID: peer },
    },
  };
}

/** Loaded when a target of this gateway is; with `pin`, only the first one counts. */
function selectorRow(selector: SelectorConfig, board: Board): Row {
  const { id, strategy, targets, spillover, metadata } = selector;
  const counting = strategy === 'pin' ? targets.slice(0, 1) : targets;
  const loaded = counting.some(
    (target) => target.kind === 'model' && !['stopped', 'stopping'].includes(board.phaseOf(target.model)),
  );
  const own = { type: 'selector', strategy, targets: targets.map(({ name }) => name), spillover };
  return { id, ...texts(selector), status: loadStatus(loaded), meta: { llamaswap: { ...metadata, ...own } } };
}

/** What is switched off is not listed, nor is a name that is listed as something else. */
function pinRows({ pins }: PinsConfig, isTaken: (name: string) => boolean): Row[] {
  return [...pins]
    .filter(([name, target]) => target !== null && !isTaken(name))
    .map(([id]) => ({ id, status: loadStatus(false), meta: { llamaswap: { type: 'profile' } } }));
}

/** As the model spells them, then those that its filters make. */
function aliasesOf({ models, aliases }: Config): ReadonlyMap<string, readonly string[]> {
  const all = new Map([...models.values()].map((model) => [model.id, new Set(model.aliases)]));
  for (const [alias, id] of aliases) all.get(id)?.add(alias);
  return new Map([...all].map(([id, names]) => [id, [...names]]));
}

function metadataOf({ metadata, capabilities }: ModelConfig): object {
  if (capabilities === null) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !CAPABILITY_KEYS.has(key)));
}

function contextOf(capabilities: CapabilitiesConfig | null): { n_ctx?: number } {
  return capabilities !== null && capabilities.context > 0 ? { n_ctx: capabilities.context } : {};
}

interface Texts {
  readonly name: string;
  readonly description: string;
}

function texts({ name, description }: Texts): Partial<Texts> {
  return { ...(name.trim() && { name: name.trim() }), ...(description.trim() && { description: description.trim() }) };
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
