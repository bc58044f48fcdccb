#!/usr/bin/env node
// Measures how fast models write code, through the gateway:
//
//   node compare-models.mjs --url http://localhost:8080 MODEL [MODEL…]
//   options: --repeat N (default 1)  --max-tokens N (default 256)  --key KEY (default: $OPENAI_API_KEY)
//
// Models are asked one after the other, so the gateway swaps once for each. Plain Node 20 or newer.
import { parseArgs } from 'node:util';

const QUESTIONS = [
  'Write a Python function that merges two sorted lists.',
  'Write a SQL query that finds the second highest salary in each department.',
  'Write a TypeScript function that groups an array by a key, with types.',
];

const { values: options, positionals: models } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://localhost:8080' },
    repeat: { type: 'string', default: '1' },
    'max-tokens': { type: 'string', default: '256' },
    key: { type: 'string', default: process.env['OPENAI_API_KEY'] ?? '' },
  },
});
if (models.length === 0) {
  console.error('usage: node compare-models.mjs [--url URL] [--repeat N] [--max-tokens N] [--key KEY] MODEL [MODEL…]');
  process.exit(2);
}

const rows = [];
let failed = false;
for (const model of models) {
  try {
    rows.push(await measure(model));
  } catch (error) {
    failed = true;
    rows.push([model, '-', '-', '-', '-', '-']);
    console.error(`${model}: ${error.message}`);
  }
}
printTable(['model', 'answers', 'load, s', 'first token, ms', 'tokens/s', 'tokens'], rows);
process.exit(failed ? 1 : 0);

async function measure(model) {
  // The first request pays for the load; its answer is not counted.
  const load = await ask(model, 'Say hello.', 1);
  const answers = [];
  for (let round = 0; round < Number(options.repeat); round++) {
    for (const question of QUESTIONS) answers.push(await ask(model, question, Number(options['max-tokens'])));
  }
  return [
    model,
    String(answers.length),
    (load.firstTokenMs / 1000).toFixed(2),
    median(answers.map((answer) => answer.firstTokenMs)).toFixed(1),
    median(answers.map((answer) => answer.tokensPerSecond)).toFixed(1),
    String(answers.reduce((sum, answer) => sum + answer.tokens, 0)),
  ];
}

/** Streams one answer; times are milliseconds since the request was sent. */
async function ask(model, question, maxTokens) {
  const started = performance.now();
  const response = await fetch(`${options.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.key !== '' && { authorization: `Bearer ${options.key}` }),
    },
    body: JSON.stringify({
      model,
      max_tokens: maxTokens,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'Answer with code only.' },
        { role: 'user', content: question },
      ],
    }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);

  let firstTokenMs;
  let pieces = 0;
  let usage;
  for await (const chunk of eventsOf(response)) {
    const delta = chunk.choices?.[0]?.delta;
    if (delta?.content || delta?.reasoning_content) {
      firstTokenMs ??= performance.now() - started;
      pieces++;
    }
    usage = chunk.usage ?? usage;
  }
  if (firstTokenMs === undefined) throw new Error('the answer was empty');
  const tokens = usage?.completion_tokens ?? pieces;
  const writingMs = performance.now() - started - firstTokenMs;
  // The clock starts with the first token, so that one does not count.
  return { firstTokenMs, tokens, tokensPerSecond: ((tokens - 1) * 1000) / Math.max(writingMs, 0.001) };
}

/** The JSON events of a stream, up to [DONE]. A stream that ends without it was cut off. */
async function* eventsOf(response) {
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.trim() === 'data: [DONE]') return;
      if (line.startsWith('data: ')) yield JSON.parse(line.slice(6));
    }
  }
  throw new Error('the stream was cut off');
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  console.log(line(head));
  console.log(`|${widths.map((width, i) => '-'.repeat(width + 1) + (i === 0 ? '-' : ':')).join('|')}|`);
  for (const row of rows) console.log(line(row));
}
