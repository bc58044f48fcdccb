import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { freePorts } from '../kit/free-port.ts';
import { assertNoProcessLeft, fixture } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

const MODELS = ['ant', 'bee', 'cow', 'dog', 'elk'];
const ROUTES = ['chat/completions', 'chat/completions stream', 'completions', 'embeddings', 'rerank'];

interface Said {
  model: string;
  id: string;
  path: string;
}

let gateway: Gateway;
let lock: string;

async function start(scheduler: object = {}): Promise<void> {
  const folder = temporaryFolder();
  lock = join(folder, 'lock');
  const model = (name: string) => ({ cmd: fixture('exclusive', { name, port: '${PORT}' }), env: [`LOCK=${lock}`] });
  gateway = await createGateway({
    config: {
      startPort: await freePorts(MODELS.length),
      models: Object.fromEntries(MODELS.map((name) => [name, model(name)])),
      scheduler,
    },
    listen: '127.0.0.1:0',
    dataDir: folder,
  });
}

afterEach(async () => {
  await gateway.close();
  await assertNoProcessLeft();
  expect(existsSync(lock)).toBe(false);
});

function ask(model: string, route: string, id: string, delayMs = 0): Promise<Response> {
  const [path = '', stream] = route.split(' ');
  const body = { model, id, delay_ms: delayMs, stream: stream !== undefined };
  return fetch(`${gateway.url}/v1/${path}`, { method: 'POST', body: JSON.stringify(body) });
}

/** Everything that an answer says, which for a stream is several times the same and then the end. */
async function readAll(response: Response): Promise<(Said | 'end')[]> {
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return [JSON.parse(text) as Said];
  const events = text.split('\n\n').filter((event) => event !== '');
  return events.map((event) => (event === 'data: [DONE]' ? 'end' : (JSON.parse(event.slice(6)) as Said)));
}

/** Follows which models are there, by the transitions; a model is, from `starting` until it is `stopped`. */
function watchResidents(): { most: () => number; starts: () => number } {
  const residents = new Set<string>();
  let most = 0;
  let starts = 0;
  gateway.on('transition', ({ actor, to }) => {
    if (!actor.startsWith('model:')) return;
    if (to === 'starting') starts++;
    if (to === 'stopped') residents.delete(actor);
    else residents.add(actor);
    most = Math.max(most, residents.size);
  });
  return { most: () => most, starts: () => starts };
}

/** Always the same order, in which neighbours ask for different models and routes. */
function mixed(count: number): { model: string; route: string; id: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    model: MODELS[(i * 7 + Math.floor(i / 5)) % MODELS.length] ?? '',
    route: ROUTES[(i * 3 + Math.floor(i / 25)) % ROUTES.length] ?? '',
    id: `request-${i}`,
  }));
}

describe('a crowd', () => {
  it('of 200 mixed requests over five models: each is answered by its own model, and never are two resident', async () => {
    await start();
    const residents = watchResidents();
    const requests = mixed(200);
    const answers = await Promise.all(
      requests.map(async ({ model, route, id }, i) => {
        const response = await ask(model, route, id, i % 10);
        return { status: response.status, said: await readAll(response) };
      }),
    );

    requests.forEach(({ model, route, id }, i) => {
      const said = { model, id, path: `/v1/${route.split(' ')[0]}` };
      const whole = route.endsWith('stream') ? [said, said, said, 'end'] : [said];
      expect(answers[i], id).toEqual({ status: 200, said: whole });
    });
    expect(residents.most()).toBe(1);
    expect(existsSync(`${lock}.violations`)).toBe(false);
    // In the order in which they came, they would have needed nearly as many starts as there are requests.
    expect(residents.starts()).toBeLessThan(requests.length / 5);
  });

  it('that never stops asking for one model starves nobody who asks for another', async () => {
    await start({ maxWait: 1 });
    const residents = watchResidents();
    const satisfied = new AbortController();
    let answered = 0;
    const insist = async (id: string) => {
      while (!satisfied.signal.aborted) {
        expect((await readAll(await ask('ant', 'chat/completions', id, 5)))[0]).toMatchObject({ model: 'ant' });
        answered++;
      }
    };
    await readAll(await ask('ant', 'chat/completions', 'first'));
    const crowd = Array.from({ length: 8 }, (_, i) => insist(`insisting-${i}`));
    const others = MODELS.slice(1).map(async (model) => {
      const response = await ask(model, 'chat/completions', `patient-${model}`);
      expect(await readAll(response)).toEqual([{ model, id: `patient-${model}`, path: '/v1/chat/completions' }]);
      return answered;
    });
    const answeredBefore = await Promise.all(others);
    satisfied.abort();
    await Promise.all(crowd);
    // The crowd was there all the time, and was served before the first of the others as well as after.
    expect(Math.min(...answeredBefore)).toBeGreaterThan(0);
    expect(residents.most()).toBe(1);
    expect(existsSync(`${lock}.violations`)).toBe(false);
  });
});
