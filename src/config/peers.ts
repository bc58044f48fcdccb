import { filtersConfig } from './filters.ts';
import type { PeerInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { child, type Node } from './tree.ts';
import type { PeerConfig } from './types.ts';
import { NO_UPSTREAM, upstreamConfig, upstreamTimeouts } from './upstream.ts';

/** A remote server that says nothing for a minute is taken for gone; a model of our own may think for longer. */
const RESPONSE_HEADER_SECONDS = 60;

/** @param node the tree of `raw` */
export function peerConfigs(
  raw: Readonly<Record<string, Partial<PeerInput<never>>>>,
  node: Node | undefined,
  report: Report,
): Map<string, PeerConfig> {
  return new Map(Object.entries(raw).map(([id, peer]) => [id, peerConfig(id, peer, child(node, id), report)]));
}

function peerConfig(id: string, raw: Partial<PeerInput<never>>, node: Node | undefined, report: Report): PeerConfig {
  const path: KeyPath = ['peers', id];
  if (id.trim() === '') report.error(path, 'a peer needs an id', 'put a name before the colon');
  const models = raw.models ?? [];
  const discover = raw.discover ?? false;
  if (models.length === 0 && !discover) {
    const wrong = raw.models === undefined ? 'is missing' : 'is an empty list';
    report.error([...path, 'models'], wrong, 'write for example models: [model-a], or discover: true');
  }
  models.forEach((model, index) => {
    if (model.trim() === '') report.error([...path, 'models', index], 'is empty', 'name a model of the peer');
  });
  return {
    id,
    upstream: raw.proxy === undefined ? NO_UPSTREAM : upstreamConfig(raw.proxy, [...path, 'proxy'], report),
    models: [...new Set(models)],
    discover,
    apiKey: raw.apiKey || null,
    filters: filtersConfig(raw.filters ?? {}, child(node, 'filters'), [...path, 'filters'], report),
    timeouts: upstreamTimeouts(raw.timeouts ?? {}, RESPONSE_HEADER_SECONDS, [...path, 'timeouts'], report),
  };
}
