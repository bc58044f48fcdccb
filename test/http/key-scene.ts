import type { Phase } from '../../machines/shared/phase.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import type { AllowedConfig, PinsConfig, SelectorConfig, SelectorTarget } from '../../src/config/types.ts';
import { ask, errorIn } from './ask.ts';
import type { Question } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, keyConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
export { closeAll };

const target = (model: string): SelectorTarget => ({ kind: 'model', model, name: model });
const far = (peer: string, model: string): SelectorTarget => ({ kind: 'peer', peer, model, name: `${peer}/${model}` });

function selector(id: string, targets: readonly SelectorTarget[], more: Partial<SelectorConfig> = {}): SelectorConfig {
  const texts = { name: '', description: '', unlisted: false, metadata: {} };
  return { id, strategy: 'pin', targets, spillover: 1, ...texts, ...more };
}

export interface Scene {
  readonly allowed: Partial<AllowedConfig>;
  readonly pins?: Record<string, string | null>;
  readonly isAdmin?: boolean;
  readonly phases?: Record<string, Phase>;
}

export interface Scenery extends FakeGateway {
  /** Models that were unloaded and units that were loaded. */
  readonly operations: string[];
  /** What the peers were asked. */
  readonly atPeers: () => number;
}

/** A gateway with something of everything, and a key for a part of it. */
export async function gatewayFor({ allowed, pins = {}, isAdmin = false, phases = {} }: Scene): Promise<Scenery> {
  const own = keep(await startUpstream(echo));
  let asked = 0;
  const others = keep(
    await startUpstream((req, res) => {
      asked += 1;
      echo(req, res);
    }),
  );
  const port = others.upstream.target.port;
  const models = [
    modelConfig('mine', { aliases: ['my'] }),
    modelConfig('author/theirs', { aliases: ['other', 'their/alias'] }),
    modelConfig('comfyui_auto'),
  ];
  const profile: PinsConfig = { id: 'day', description: '', pins: new Map(Object.entries(pins)) };
  const active = createActivePins();
  active.activate('day');
  const config = httpConfig(models, {
    keys: [
      keyConfig('sk-part', {
        name: 'part',
        allowed: { models: [], peerModels: [], peers: [], selectors: [], ...allowed },
        isAdmin,
      }),
      'sk-all',
    ],
    pins: [profile],
    profiles: [
      { id: 'pair', members: ['mine', 'author/theirs'] },
      { id: 'solo', members: ['mine'] },
    ],
    selectors: [
      selector('first-theirs', [target('author/theirs'), target('mine'), far('p', 'm2')]),
      selector('theirs-only', [target('author/theirs')]),
      selector('busy', [target('author/theirs'), target('mine')], { strategy: 'spillover' }),
    ],
    peers: [peerConfig('p', ['m1', 'm2'], port), peerConfig('q', ['m2', 'm3'], port)],
    logRequests: true,
  });
  const operations: string[] = [];
  const gateway = await gatewayWith(
    fakeDesk(() => own.upstream),
    {
      config,
      pins: active,
      board: { phaseOf: (id) => phases[id] ?? 'stopped', failureOf: () => null, actors: () => [] },
      control: {
        unload(which) {
          operations.push(`unload ${which === 'all' ? 'all' : which.join(' ')}`);
          return Promise.resolve();
        },
        load(unit) {
          operations.push(`load ${unit}`);
          return Promise.resolve();
        },
      },
    },
  );
  return { ...gateway, operations, atPeers: () => asked };
}

/** The key for a part. */
export const KEY = { authorization: 'Bearer sk-part' };
export const FORM = { ...KEY, 'content-type': 'application/x-www-form-urlencoded' };

export function chat(model: string): Question {
  return { method: 'POST', path: '/v1/chat/completions', headers: KEY, body: JSON.stringify({ model }) };
}

export function multipart(fields: readonly (readonly [string, string])[], path = '/v1/audio/transcriptions'): Question {
  const parts = fields.map(
    ([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const headers = { ...KEY, 'content-type': 'multipart/form-data; boundary=XX' };
  return { method: 'POST', path, headers, body: `${parts.join('')}--XX--\r\n` };
}

/** The status, and the code of an error of the gateway. */
export async function outcome(gateway: FakeGateway, question: Question): Promise<string> {
  const { message, body } = await ask(gateway.port, question);
  const status = String(message.statusCode);
  return message.statusCode === 200 || body.length === 0 ? status : `${status} ${errorIn(body).code}`;
}

export const REFUSED = '403 model_not_allowed';
