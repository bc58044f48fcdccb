import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { answerText, readLimit, readMessages } from './answer.ts';
import { generation, speak, timings, usage } from './generation.ts';
import type { Json } from './json-http.ts';
import { sendEvent, sendJson, startEvents } from './json-http.ts';
import { FINGERPRINT, type StandIn } from './stand-in.ts';

/** POST /v1/chat/completions */
export async function chat(self: StandIn, body: Json, res: ServerResponse): Promise<void> {
  const { question, all } = readMessages(body);
  const speech = generation(all, answerText(self.name, question), readLimit(body));
  const head = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: self.name,
    system_fingerprint: FINGERPRINT,
  };
  const started = performance.now();
  const measure = () => timings(speech, performance.now() - started);

  if (body['stream'] !== true) {
    if (!(await speak(speech, self.tokensPerSecond, res, () => {}))) return;
    const message = { role: 'assistant', content: speech.tokens.join('') };
    sendJson(res, 200, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: speech.finishReason, message }],
      usage: usage(speech),
      timings: measure(),
    });
    return;
  }

  const chunk = (delta: Json, finishReason: string | null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, finish_reason: finishReason, delta }],
  });
  startEvents(res);
  sendEvent(res, chunk({ role: 'assistant', content: null }, null));
  const said = await speak(speech, self.tokensPerSecond, res, (content) => sendEvent(res, chunk({ content }, null)));
  if (!said) return;
  const last = chunk({}, speech.finishReason);
  // llama-server gives the timings in the chunk that finishes, or beside the usage where that was asked for.
  if ((body['stream_options'] as Json | undefined)?.['include_usage'] === true) {
    sendEvent(res, last);
    sendEvent(res, { ...last, choices: [], usage: usage(speech), timings: measure() });
  } else {
    sendEvent(res, { ...last, timings: measure() });
  }
  sendEvent(res, '[DONE]');
  res.end();
}
