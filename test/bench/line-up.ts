import { freePort } from '../kit/free-port.ts';
import { startBare } from './bare.ts';
import { type Recipe, type Running, start } from './contestant.ts';
import { GATEWAY_CPU, LOAD_CPU, onCpu } from './machine.ts';
import type { NginxConfigs } from './nginx.ts';
import { timedChat } from './request.ts';
import { MODEL } from './wrk.ts';

/** What stands between the load and an upstream, each with an upstream of its own. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** The process whose CPU time counts; null where it is not known. */
  readonly pid: number | null;
}

/** Ready to take requests for `MODEL`: the upstream itself, the gateways, and nginx as the proxy near the limit. */
export interface LineUp extends AsyncDisposable {
  readonly direct: Target;
  readonly nginx: Target;
  /** All of them, `direct` first and `nginx` last. */
  readonly all: readonly Target[];
}

/**
 * @param upstream The upstream's command for a port; it runs on the load's core whoever starts it.
 * @param running Further gateways; the upstream alone then listens where they look for it.
 */
export async function lineUp(
  recipes: readonly Recipe[],
  configs: NginxConfigs,
  upstream: (port: number) => readonly string[],
  running: Running | null = null,
): Promise<LineUp> {
  await using stack = new AsyncDisposableStack();

  async function bare(name: string, cpu: number, port: number, argv: readonly string[]): Promise<Target> {
    const server = await startBare(onCpu(cpu, argv), port);
    stack.defer(async () => void (await server.stop()));
    return { name, url: `http://127.0.0.1:${port}`, pid: server.pid };
  }

  const upstreamPort = running?.upstreamPort ?? (await freePort());
  const direct = await bare('direct', LOAD_CPU, upstreamPort, upstream(upstreamPort));
  const proxyPort = await freePort();
  const nginx = await bare('nginx', GATEWAY_CPU, proxyPort, configs.proxy(proxyPort, upstreamPort));
  const gateways: Target[] = [];
  for (const recipe of recipes) {
    const port = await freePort();
    const gateway = await start(recipe, configOf(port, upstream(port)), { cpu: GATEWAY_CPU, upstream: direct.url });
    stack.defer(() => gateway.close());
    gateways.push(gateway);
  }
  for (const gateway of running?.gateways ?? []) gateways.push({ ...gateway, pid: null });
  for (const { url } of gateways) await timedChat(url, MODEL);
  const held = stack.move();
  return { direct, nginx, all: [direct, ...gateways, nginx], [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** One model behind a port of its own, in llama-swap's form, with no limit that a bench could meet. */
export function configOf(port: number, argv: readonly string[]): object {
  const cmd = onCpu(LOAD_CPU, argv)
    .map((word) => `'${word}'`)
    .join(' ');
  return { models: { [MODEL]: { cmd, proxy: `http://127.0.0.1:${port}`, concurrencyLimit: 100_000 } } };
}

/** The same things in another order for each round, so that none always comes after the same one. */
export function rotated<T>(things: readonly T[], round: number): T[] {
  const by = round % things.length;
  return [...things.slice(by), ...things.slice(0, by)];
}
