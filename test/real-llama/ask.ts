/** One chat request in the form every OpenAI client sends it. */
export function ask(
  gateway: string,
  model: string,
  more: { stream?: boolean; max_tokens?: number; signal?: AbortSignal } = {},
): Promise<Response> {
  const { signal, ...rest } = more;
  return fetch(`${gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Who are you?' }], ...rest }),
    ...(signal && { signal }),
  });
}

/** What the model said. */
export async function answerOf(response: Response): Promise<string> {
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  const choice = body.choices?.[0];
  if (choice === undefined) throw new Error(`HTTP ${response.status}, no answer: ${JSON.stringify(body)}`);
  return choice.message.content;
}

/** The `data:` lines of an event stream, as they arrive. Throws when the connection breaks. */
export async function* dataOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) throw new Error('no body');
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice(6);
  }
}

/** Reads to the end. Throws when the connection breaks before it. */
export async function everything(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** The words in a piece of a streamed answer; '' for the pieces without any. */
export function deltaOf(data: string): string {
  if (data === '[DONE]') return '';
  const chunk = JSON.parse(data) as { choices: { delta: { content?: string | null } }[] };
  return chunk.choices[0]?.delta.content ?? '';
}
