import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, sendTo, setup } from 'xstate';
import { startInspectorRelay } from '../../../src/observability/inspector-relay.ts';
import type { InspectorRelay } from '../../../src/observability/inspector-relay.ts';

const child = setup({
  types: { context: {} as { secret: string }, events: {} as { type: 'go'; secret: string } },
}).createMachine({
  id: 'child',
  context: { secret: 'sk-context' },
  initial: 'stopped',
  states: { stopped: { on: { go: 'ready' } }, ready: {} },
});

const root = setup({ actors: { child } }).createMachine({
  id: 'root',
  invoke: { src: 'child', id: 'model:a' },
  on: { go: { actions: sendTo('model:a', { type: 'go', secret: 'sk-event' }) } },
});

type Message = Record<string, unknown> & { type: string };

let relay: InspectorRelay;
beforeEach(async () => {
  relay = await startInspectorRelay();
});
afterEach(() => relay.close());

function startActors() {
  const actor = createActor(root, { id: 'orchestrator', inspect: relay.inspect });
  actor.start();
  return actor;
}

/** Everything up to and including the first message that fits. */
async function messagesUntil(viewer: WebSocket, fits: (message: Message) => boolean): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const [data] of EventEmitter.on(viewer, 'message') as AsyncIterable<[unknown]>) {
    const message = JSON.parse(String(data)) as Message;
    messages.push(message);
    if (fits(message)) return messages;
  }
  return messages;
}

function isReady(message: Message): boolean {
  return message.type === '@xstate.snapshot' && (message['snapshot'] as { value: unknown }).value === 'ready';
}

describe('inspector relay', () => {
  it('sends actors, events and snapshots in the form that the inspector takes', async () => {
    const viewer = new WebSocket(relay.url);
    await once(viewer, 'open');
    const received = messagesUntil(viewer, isReady);
    const actor = startActors();
    actor.send({ type: 'go' });
    const messages = await received;

    const registration = messages.find(({ name }) => name === 'model:a');
    expect(registration).toEqual({
      type: '@xstate.actor',
      name: 'model:a',
      sessionId: expect.any(String) as string,
      rootId: actor.sessionId,
      parentId: actor.sessionId,
      createdAt: expect.stringMatching(/^\d+$/) as string,
      id: null,
      _version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      definition: expect.any(String) as string,
      snapshot: { status: 'active', context: {} },
    });
    expect(JSON.parse(registration?.['definition'] as string)).toMatchObject({
      id: 'model:a',
      initial: 'stopped',
      states: { stopped: { on: { go: 'ready' } } },
    });
    expect(messages).toContainEqual(
      expect.objectContaining({
        type: '@xstate.event',
        event: { type: 'go' },
        sourceId: actor.sessionId,
        sessionId: registration?.['sessionId'],
      }),
    );
    expect(messages.at(-1)).toMatchObject({ event: { type: 'go' }, snapshot: { status: 'active', value: 'ready' } });
    actor.stop();
  });

  it('lets nothing out that an event or a context carries', async () => {
    const viewer = new WebSocket(relay.url);
    await once(viewer, 'open');
    const received = messagesUntil(viewer, isReady);
    const actor = startActors();
    actor.send({ type: 'go' });
    expect(JSON.stringify(await received)).not.toContain('sk-');
    actor.stop();
  });

  it('tells a late viewer how things are', async () => {
    const actor = startActors();
    actor.send({ type: 'go' });
    const messages = await messagesUntil(new WebSocket(relay.url), isReady);
    expect(messages.filter(({ type }) => type === '@xstate.actor').map(({ name }) => name)).toEqual([
      'orchestrator',
      'model:a',
    ]);
    expect(messages.some(({ type }) => type === '@xstate.event')).toBe(false);
    actor.stop();
  });

  it('forgets an actor that has ended', async () => {
    startActors().stop();
    const second = startActors();
    second.send({ type: 'go' });
    const messages = await messagesUntil(new WebSocket(relay.url), isReady);
    expect(messages.filter(({ name }) => name === 'model:a')).toHaveLength(1);
    second.stop();
  });

  it.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of another local port', { origin: 'http://127.0.0.1:1' }],
    ['another name that points here', { host: 'evil.example' }],
  ])('refuses %s', async (_who, headers) => {
    const viewer = new WebSocket(relay.url, { headers });
    const [error] = (await once(viewer, 'error').catch((reason: unknown) => [reason])) as [Error];
    expect(error.message).toMatch(/401|403/);
  });

  it('takes its own page', async () => {
    const viewer = new WebSocket(relay.url, { origin: relay.url });
    await once(viewer, 'open');
    expect(viewer.readyState).toBe(WebSocket.OPEN);
  });

  it('serves a page that may talk to the inspector and to the relay only', async () => {
    const answer = await fetch(relay.url);
    expect(await answer.text()).toContain('src="https://stately.ai/inspect"');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('serves no page to another name that points here', async () => {
    const { port } = new URL(relay.url);
    const [answer] = (await once(
      request({ port, host: '127.0.0.1', headers: { host: 'evil.example' } }).end(),
      'response',
    )) as [{ statusCode: number }];
    expect(answer.statusCode).toBe(403);
  });

  it('listens on loopback only', () => {
    expect(new URL(relay.url).hostname).toBe('127.0.0.1');
  });
});
