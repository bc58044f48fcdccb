import type { ModelId } from '../../../machines/shared/ids.ts';
import type { Destination } from '../../dispatch/lease.ts';
import { resolveModel } from '../../dispatch/resolve-model.ts';
import { GatewayError } from '../../errors.ts';
import { requireAdmin, requireAllowed } from '../access/client.ts';
import type { Client } from '../access/client.ts';
import type { HttpDeps } from '../deps.ts';
import { modelNotAllowed, modelNotFound, unresolved } from '../errors/model-not-found.ts';
import { createParseUpstreamPath } from '../forward/upstream-path.ts';
import type { ParseUpstreamPath, UpstreamPath } from '../forward/upstream-path.ts';
import { findNamed } from './find-named.ts';

/** The model behind `/comfyui`. */
const COMFYUI_MODEL = 'comfyui_auto';

/** Whom the paths belong to that go through as they are. */
export interface Passages {
  /**
   * @param url What follows `/upstream`.
   * @throws GatewayError `model_not_found`, `bad_request`, `model_not_allowed`, `admin_required`, or `conflict` for a path
   *   that may not load its model.
   */
  upstream(url: string, client: Client | null): Promise<UpstreamPath>;
  /**
   * @param url What follows `/comfyui`.
   * @throws GatewayError `model_not_found`, `model_not_allowed`, or `conflict`: only the root loads the model, because open
   *   pages go on asking for the rest when somebody has unloaded it.
   */
  comfyui(url: string, client: Client | null): Destination;
}

/** Whether a model is ready is read off the board: a path that should not load it may do so if it stops at that moment. */
export function createPassages(deps: Pick<HttpDeps, 'config' | 'names' | 'pins' | 'board'>): Passages {
  const { config, names, board } = deps;
  const parse = createParseUpstreamPath(deps);
  const ignored = config.upstreamIgnorePaths.map((source) => new RegExp(source, 'u'));

  function requireReady(model: ModelId): void {
    if (board.phaseOf(model) !== 'ready') throw notReady(model);
  }

  /**
   * A peer gets path and body as they are: they may lead to any of its models, and to what its operators do. So whoever
   * may not use all of it, and look after it, does not get there.
   */
  function requireWay(client: Client | null, { found, name }: UpstreamPath): void {
    requireAllowed(client, found, name);
    if (client === null || found.kind === 'local') return;
    requireAdmin(client);
    const peer = config.peers.get(found.peer);
    if (peer !== undefined && client.scope?.allowsAllOf(peer) === false) throw modelNotAllowed(name);
  }

  return {
    async upstream(url, client) {
      const known = (): UpstreamPath | null => {
        const way = parse(url);
        return isFound(way) ? way : null;
      };
      const way = await findNamed(known, names);
      if (way === null) throw unresolved(parse(url).name, names, client?.scope ?? null);
      requireWay(client, way);
      if (way.found.kind === 'local' && way.rest !== null && ignored.length > 0) {
        const path = decodedPath(way.rest);
        if (ignored.some((pattern) => pattern.test(path))) requireReady(way.found.destination.model);
      }
      return way;
    },
    comfyui(url, client) {
      const destination = config.models.has(COMFYUI_MODEL) ? resolveModel(config, COMFYUI_MODEL) : null;
      if (destination === null) throw modelNotFound(COMFYUI_MODEL);
      requireAllowed(client, { kind: 'local', destination }, COMFYUI_MODEL);
      if (decodedPath(url) !== '/') requireReady(destination.model);
      return destination;
    },
  };
}

function isFound(way: ReturnType<ParseUpstreamPath>): way is UpstreamPath {
  return way.found !== null;
}

export function notReady(model: ModelId): GatewayError {
  return new GatewayError('conflict', `${model} is not ready, and this request does not load it.`);
}

/** Without the query. Escapes that are no UTF-8 stay as they are. */
function decodedPath(url: string): string {
  const [path = ''] = url.split('?', 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
