import type { FiltersConfig, ModelConfig, SelectorTarget } from '../../config/types.ts';
import type { Destination } from '../../dispatch/lease.ts';
import type { Resolution } from '../../dispatch/names.ts';
import type { PeerModel } from '../../dispatch/peer-index.ts';
import { modelNamed } from '../../dispatch/resolve-model.ts';
import { createSelectors } from '../../dispatch/selectors.ts';
import { allowedChoice, clientOf, requireAllowed } from '../access/client.ts';
import { requireOneName } from '../body/one-name.ts';
import { runErrand } from './admission.ts';
import type { HttpDeps } from '../deps.ts';
import { prepareFilters } from '../filters/filter-rules.ts';
import type { FilterRules } from '../filters/filter-rules.ts';
import { findNamed } from './find-named.ts';
import { followPin } from './follow-pin.ts';
import { unresolved } from '../errors/model-not-found.ts';
import { runPeerErrand } from './peer-errand.ts';
import type { Parcel } from './parcel.ts';
import type { Forward, Payload } from '../forward/flight.ts';
import { readdress } from './readdress.ts';
import { byteLength } from '../body/rewrite-body.ts';
import { tryTargets } from './try-targets.ts';
import { prepareUpstreamHeaders } from '../forward/upstream-headers.ts';
import { unlessCancelled } from '../watch/trip-of.ts';

/**
 * Brings a request to whom its name stands for. The order: pin, selector, models of this gateway, peers.
 *
 * @throws GatewayError `model_not_found`, `model_not_allowed`, or whatever keeps the request from being answered.
 */
export type Deliver = (parcel: Parcel) => Promise<void>;

export function createDelivery(deps: HttpDeps, forward: Forward): Deliver {
  const { config, names, pins, board, logger } = deps;
  const selectors = createSelectors((model) => board.phaseOf(model));
  const rules = prepareRules(config.models);
  const peerRules = prepareRules(config.peers);

  return (parcel) => {
    const { req, res, located } = parcel;
    const client = clientOf(res);
    if (client !== null && client.scope !== null) requireOneName(req, sourceOf(parcel.payload), located.name);
    const name = followPin(located.name, config, pins);
    const chosen = config.selectors.get(name);
    if (chosen !== undefined) {
      res.locals['selector'] = chosen.id;
      const selector = allowedChoice(client, chosen, located.name);
      client?.hold(res);
      return tryTargets({ selector, selectors, parcel, logger }, toTarget);
    }
    const found = names.resolve(name);
    return found === null ? toUnknown(parcel, name) : toFound(parcel, found, name);
  };

  async function toUnknown(parcel: Parcel, name: string): Promise<void> {
    const search = Promise.resolve(findNamed(() => names.resolve(name), names));
    const found = await unlessCancelled(parcel.res, search);
    if (found === null) throw unresolved(name, names, clientOf(parcel.res)?.scope ?? null);
    await toFound(parcel, found, name);
  }

  function toFound(parcel: Parcel, found: Resolution, name: string): Promise<void> {
    const client = clientOf(parcel.res);
    requireAllowed(client, found, parcel.located.name);
    client?.hold(parcel.res);
    return found.kind === 'local' ? toModel(parcel, found.destination, name) : toPeer(parcel, found, name);
  }

  function toTarget(parcel: Parcel, target: SelectorTarget): Promise<void> {
    if (target.kind === 'peer') return toPeer(parcel, target, target.name);
    return toModel(parcel, { unit: `model:${target.model}`, model: target.model }, target.name);
  }

  /** Not async: an async frame would hold on to the body while the answer streams. */
  function toModel({ req, res, located, payload }: Parcel, destination: Destination, asked: string): Promise<void> {
    const model = known(config.models, destination.model);
    res.locals['model'] = model.id;
    const name = model.useModelName ?? nameFor(model, asked);
    payload.pieces = readdress(req, sourceOf(payload), located, { asked, name, rules: known(rules, model.id) });
    prepareUpstreamHeaders(req, byteLength(payload.pieces), { auth: config.auth, peer: null });
    return runErrand({ req, res, destination, payload }, deps, forward);
  }

  function toPeer(
    { req, res, located, payload }: Parcel,
    found: Omit<PeerModel, 'kind'>,
    asked: string,
  ): Promise<void> {
    const peer = known(config.peers, found.peer);
    res.locals['model'] = asked;
    const address = { asked, name: found.model, rules: known(peerRules, peer.id) };
    payload.pieces = readdress(req, sourceOf(payload), located, address);
    prepareUpstreamHeaders(req, byteLength(payload.pieces), { auth: config.auth, peer });
    return runPeerErrand({ req, res, peer: peer.id, payload }, deps, forward);
  }

  /** What the upstream is told: an alias goes on as it came, a profile's prefix does not. */
  function nameFor(model: ModelConfig, asked: string): string {
    return modelNamed(config, asked) === null ? model.id : asked;
  }
}

interface Filtered {
  readonly filters: FiltersConfig;
}

/** The model's name is left to whoever knows where it stands. */
function prepareRules<Id extends string>(all: ReadonlyMap<Id, Filtered>): ReadonlyMap<Id, FilterRules> {
  return new Map([...all].map(([id, { filters }]) => [id, prepareFilters(filters, null)]));
}

function sourceOf({ source }: Payload): Buffer {
  if (source == null) throw new Error('the body is gone already');
  return source;
}

function known<Id, Value>(all: ReadonlyMap<Id, Value>, id: Id): Value {
  const value = all.get(id);
  if (value === undefined) throw new Error(`not in the configuration: ${String(id)}`);
  return value;
}
