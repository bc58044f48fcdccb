import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { answerText, readLimit } from './answer.ts';
import { generation, speak, timings, usage } from './generation.ts';
import type { Json } from './json-http.ts';
import { sendEvent, sendJson, StandInError, startEvents } from './json-http.ts';
import { FINGERPRINT, type StandIn } from './stand-in.ts';

/** POST /v1/completions */
export async function completion(self: StandIn, body: Json, res: ServerResponse): Promise<void> {
  const prompt = body['prompt'];
  if (typeof prompt !== 'string') throw new StandInError(400, '"prompt" must be a string.');
  const speech = generation(prompt, answerText(self.name, prompt), readLimit(body));
  const head = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: self.name,
    system_fingerprint: FINGERPRINT,
  };
  const started = performance.now();
  const piece = (text: string, finishReason: string | null) => ({
    ...head,
    choices: [{ index: 0, text, logprobs: null, finish_reason: finishReason }],
  });
  const closing = () => ({ usage: usage(speech), timings: timings(speech, performance.now() - started) });

  if (body['stream'] !== true) {
    if (!(await speak(speech, self.tokensPerSecond, res, () => {}))) return;
    sendJson(res, 200, { ...piece(speech.tokens.join(''), speech.finishReason), ...closing() });
    return;
  }
  startEvents(res);
  if (!(await speak(speech, self.tokensPerSecond, res, (text) => sendEvent(res, piece(text, null))))) return;
  sendEvent(res, { ...piece('', speech.finishReason), ...closing() });
  sendEvent(res, '[DONE]');
  res.end();
}
