import type { PeerDetails, PeerList, PeerRecord } from './record.ts';
import { countOf, nameOf, namesOf, objectOf, smallObjectOf, textOf } from './tidy.ts';

/** A list that cannot be one of models. */
export interface Unreadable {
  /** In words of our own: nothing of what came is in it. */
  readonly wrong: string;
}

const MOST_MODELS = 2_000;

/** Where servers say how many tokens a model has room for. */
const CONTEXT_KEYS = ['context_length', 'max_model_len', 'max_context_length', 'context_window'];

/** What a llama-swap puts beside the metadata that people wrote. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'type',
  'aliases',
  'modelID',
  'peerID',
  'strategy',
  'targets',
  'spillover',
]);

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads the answer to `GET /v1/models`: `{"data": [{"id": …}]}`, or the list alone. Rows without a name that can be
 * shown are passed over, and so is whatever else in a row is not what it should be.
 */
export function readList(text: string): PeerList | Unreadable {
  const rows = rowsOf(parse(text));
  if (rows === null) return { wrong: 'its answer is no list of models' };
  if (rows.length > MOST_MODELS) return { wrong: `its list has more than ${MOST_MODELS} models` };
  const records = new Map<string, PeerRecord>();
  const own: string[] = [];
  const aliases: [string, PeerRecord][] = [];
  for (const row of rows.map(objectOf)) {
    const id = nameOf(row['id']);
    if (id === null || records.has(id)) continue;
    const record = recordOf(row);
    records.set(id, record);
    const swap = objectOf(objectOf(row['meta'])['llamaswap']);
    // Two gateways that discover each other would otherwise list one another's models for ever.
    if (swap['type'] !== 'peer') own.push(id);
    for (const alias of namesOf(swap['aliases'])) aliases.push([alias, record]);
  }
  for (const [alias, record] of aliases) if (!records.has(alias)) records.set(alias, record);
  return { records, own };
}

/** @returns undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function rowsOf(answer: unknown): readonly unknown[] | null {
  const rows = Array.isArray(answer) ? answer : objectOf(answer)['data'];
  return Array.isArray(rows) ? rows : null;
}

function recordOf(row: Row): PeerRecord {
  const { llamaswap, ...meta } = objectOf(row['meta']);
  const metadata = Object.entries(objectOf(llamaswap)).filter(([key]) => !OWN_KEYS.has(key));
  return {
    isLoaded: isLoaded(row['status']),
    details: detailsOf(row, meta),
    meta: smallObjectOf(meta),
    metadata: smallObjectOf(Object.fromEntries(metadata)),
  };
}

/** A server that says nothing about it has what it lists. */
function isLoaded(status: unknown): boolean {
  const { value } = objectOf(status);
  return typeof value !== 'string' || value === 'loaded' || value === 'loading';
}

function detailsOf(row: Row, meta: Row): PeerDetails {
  const description = textOf(row['description']);
  const capabilities = capabilitiesOf(row['capabilities']);
  const parameters = namesOf(row['supported_parameters']);
  const context = [...CONTEXT_KEYS.map((key) => row[key]), meta['n_ctx']].map(countOf).find((count) => count !== null);
  return {
    ...(description !== '' && { description }),
    ...architectureOf(row['architecture']),
    ...(Object.keys(capabilities).length > 0 && { capabilities }),
    ...(parameters.length > 0 && { supported_parameters: parameters }),
    ...(context != null && { context_length: context }),
  };
}

function architectureOf(value: unknown): Pick<PeerDetails, 'architecture'> {
  const { input_modalities, output_modalities, modality } = objectOf(value);
  const input = namesOf(input_modalities);
  const output = namesOf(output_modalities);
  const both = nameOf(modality);
  const architecture = {
    ...(input.length > 0 && { input_modalities: input }),
    ...(output.length > 0 && { output_modalities: output }),
    ...(both !== null && { modality: both }),
  };
  return Object.keys(architecture).length > 0 ? { architecture } : {};
}

/** `{"vision": true}`, as a llama-swap writes it, or `["vision"]`. */
function capabilitiesOf(value: unknown): Readonly<Record<string, true>> {
  const able = Array.isArray(value)
    ? value
    : Object.entries(objectOf(value)).flatMap(([name, can]) => (can === true ? [name] : []));
  return Object.fromEntries(namesOf(able).map((name) => [name, true] as const));
}
