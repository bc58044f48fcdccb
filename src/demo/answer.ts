import type { Json } from './json-http.ts';
import { StandInError } from './json-http.ts';

/** What a stand-in says: that it is one, and the question again, so that each answer names the model that gave it. */
export function answerText(name: string, question: string): string {
  const asked = question.trim().replaceAll(/\s+/g, ' ');
  const start = `I am ${name}, a stand-in for a language model: I cannot think, I only show that requests reach me.`;
  if (asked === '') return `${start} You said nothing.`;
  return `${start} You said: "${asked.length > 400 ? `${asked.slice(0, 400)}…` : asked}"`;
}

/** Splits text into pieces that give the text again when they are joined; one piece counts as one token. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** The text of the last user message, and of all messages together. */
export function readMessages(body: Json): { question: string; all: string } {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new StandInError(400, '"messages" must be a non-empty array.');
  }
  const said = messages.map((message: unknown) => ({ role: roleOf(message), text: textOf(message) }));
  const last = said.findLast(({ role }) => role === 'user') ?? said.at(-1);
  return { question: last?.text ?? '', all: said.map(({ text }) => text).join('\n') };
}

/** The token limit of a request, or infinity. */
export function readLimit(body: Json): number {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  return typeof limit === 'number' && limit >= 0 ? Math.floor(limit) : Infinity;
}

function roleOf(message: unknown): unknown {
  return (message as Json | null)?.['role'];
}

function textOf(message: unknown): string {
  const content = (message as Json | null)?.['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (part as Json | null)?.['text'])
    .filter((text) => typeof text === 'string')
    .join('\n');
}
