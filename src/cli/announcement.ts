import type { Config } from '../config/types.ts';
import { isLoopback, parseListenAddress } from '../listen-address.ts';

/** What a user wants to know when the gateway has started: where it is, and what to try. Ends with a newline. */
export function announcement(facts: {
  url: string;
  listen: string;
  config: Pick<Config, 'models'>;
  demo: boolean;
}): string {
  const { url, listen, config, demo } = facts;
  const models = [...config.models.values()];
  const lines = [`llama-swap listens on ${url}`];
  if (demo) {
    lines.push(
      'There is no --config, so this is the demo. Its model servers are stand-ins: they load, answer and are swapped',
      'like real ones, but what they say is made up. To serve models of your own: llama-swap --config FILE',
    );
  }
  const address = parseListenAddress(listen);
  if (typeof address !== 'string' && !isLoopback(address.host)) {
    lines.push(`Other machines may reach it too; --listen 127.0.0.1:${address.port} keeps it to this one.`);
  }
  const example = models.find((model) => !model.unlisted) ?? models[0];
  if (example !== undefined) lines.push('', 'Try it:', `  ${curl(url, example.id)}`, '');
  return `${lines.join('\n')}\n`;
}

function curl(url: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] });
  return `curl ${url}/v1/chat/completions -d '${body.replaceAll("'", String.raw`'\''`)}'`;
}
