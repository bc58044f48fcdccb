import { EVENT_ID, SCALAR_STYLE, YAMLException, getScalarValue, type Event, type ScalarEvent } from 'js-yaml';
import { envReferenceOffsets, unmaskReferences } from './env.ts';
import type { Placer } from './placer.ts';
import { resolvePlain, resolveTagged } from './plain-scalar.ts';
import type { Place, ProblemLog } from './problems.ts';
import type { Entry, ListNode, MappingNode, Node, ScalarNode } from './tree.ts';

type CollectionEvent = Extract<Event, { type: typeof EVENT_ID.SEQUENCE | typeof EVENT_ID.MAPPING }>;
type AnchoredEvent = CollectionEvent | ScalarEvent;

/** YAML's aliases can blow a few lines up to billions of values. */
const MAX_NODES = 100_000;

/** Builds the tree out of the parser's flat event stream. Throws YAMLException at the first thing that makes no sense. */
export class Composer {
  readonly #source: string;
  readonly #events: readonly Event[];
  readonly #placer: Placer;
  readonly #problems: ProblemLog;
  /** null while the anchored collection is still open. */
  readonly #anchors = new Map<string, Node | null>();
  /** How many values each node stands for. */
  readonly #sizes = new Map<Node, number>();
  #next = 0;
  #total = 0;
  /** Where the last thing stood that is really there: an empty value has no place of its own. */
  #position = 0;

  /** @param source the masked text that the events point into */
  constructor(source: string, events: readonly Event[], placer: Placer, problems: ProblemLog) {
    this.#source = source;
    this.#events = events;
    this.#placer = placer;
    this.#problems = problems;
  }

  /** The first document, or null when there is none, or an empty one. */
  document(): Node | null {
    if (this.#events.length === 0) return null;
    this.#take();
    const root = this.#peek().type === EVENT_ID.POP ? null : this.#node();
    this.#take();
    if (this.#next < this.#events.length) {
      this.#problems.warning(
        this.#placeOf(this.#events[this.#next + 1]),
        [],
        'only the first YAML document of a file is read',
        'join the two: take out the "---" line between them',
      );
    }
    return root;
  }

  #peek(): Event {
    const event = this.#events[this.#next];
    if (!event) throw new YAMLException('the document ends too early');
    return event;
  }

  #take(): Event {
    const event = this.#peek();
    this.#next++;
    this.#position = this.#positionOf(event);
    return event;
  }

  #placeOf(event: Event | undefined): Place {
    return this.#placer.at(this.#positionOf(event));
  }

  #fail(event: Event, message: string): never {
    return YAMLException.throwAt(this.#source, this.#positionOf(event), message);
  }

  #node(): Node {
    const event = this.#take();
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        const name = this.#source.slice(event.anchorStart, event.anchorEnd);
        const node = this.#anchors.get(name);
        if (node === undefined) this.#fail(event, `there is no anchor &${name} before this alias`);
        if (node === null) this.#fail(event, `the alias *${name} stands inside its own anchor`);
        this.#count(event, this.#sizeOf([node]));
        return node;
      }
      case EVENT_ID.SCALAR:
        return this.#finish(event, this.#scalar(event), 1);
      case EVENT_ID.SEQUENCE:
        return this.#sequence(event);
      case EVENT_ID.MAPPING:
        return this.#mapping(event);
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
        return this.#fail(event, 'a value was expected here');
    }
  }

  #sequence(event: CollectionEvent): ListNode {
    this.#open(event, 'seq');
    const items: Node[] = [];
    while (this.#peek().type !== EVENT_ID.POP) items.push(this.#node());
    this.#take();
    const place = this.#placeOf(event);
    return this.#finish(event, { kind: 'list', items, place }, 1 + this.#sizeOf(items));
  }

  #mapping(event: CollectionEvent): MappingNode {
    this.#open(event, 'map');
    const entries = new Map<string, Entry>();
    const sources: { event: Event; node: Node }[] = [];
    while (this.#peek().type !== EVENT_ID.POP) {
      const keyEvent = this.#peek();
      const place = this.#placeOf(keyEvent);
      const key = this.#key();
      const value = this.#node();
      const first = key === null ? undefined : entries.get(key);
      if (key === null) sources.push({ event: keyEvent, node: value });
      else if (first === undefined) entries.set(key, { place, value });
      else {
        const message = `the key "${key}" is already defined on line ${first.place.line}`;
        this.#problems.error(place, [], message, 'keep one of the two');
      }
    }
    this.#take();
    for (const source of sources) this.#merge(source.event, source.node, entries);
    const place = this.#placeOf(event);
    const values = [...entries.values()].map((entry) => entry.value);
    const node: MappingNode = { kind: 'mapping', entries, merged: sources.length > 0, place };
    return this.#finish(event, node, 1 + this.#sizeOf(values));
  }

  /** A key as text (`3:` and `"3":` are the same), or null for the merge key. */
  #key(): string | null {
    const event = this.#peek();
    const node = this.#node();
    if (node.kind !== 'scalar') return this.#fail(event, 'a key must be plain text');
    if (node.plain && node.text === '<<') return null;
    if (node.value === null) return this.#fail(event, 'a key is empty');
    if (node.text === '__proto__') return this.#fail(event, 'the key __proto__ is not allowed');
    return node.text;
  }

  /** Keys that are written out win, then those of earlier sources. */
  #merge(event: Event, source: Node, entries: Map<string, Entry>): void {
    for (const node of source.kind === 'list' ? source.items : [source]) {
      if (node.kind !== 'mapping') this.#fail(event, 'only mappings can be merged with <<');
      for (const [key, entry] of node.entries) {
        if (entries.has(key)) continue;
        this.#count(event, this.#sizeOf([entry.value]));
        entries.set(key, entry);
      }
    }
  }

  #scalar(event: ScalarEvent): ScalarNode {
    const text = unmaskReferences(getScalarValue(this.#source, event));
    const tag = this.#tagOf(event);
    const plain = event.style === SCALAR_STYLE.PLAIN && tag === null;
    let value: ScalarNode['value'] = plain ? resolvePlain(text) : text;
    if (tag !== null && tag !== '!') {
      const tagged = resolveTagged(text, tag);
      if (tagged === undefined) this.#fail(event, `the tag ${this.#tagText(event)} does not fit here`);
      value = tagged;
    }
    const raw = event.valueStart === -1 ? '' : this.#source.slice(event.valueStart, event.valueEnd);
    const references = envReferenceOffsets(raw).map((offset) => this.#placer.at(event.valueStart + offset));
    return { kind: 'scalar', value, text, shown: text, plain, references, place: this.#placeOf(event) };
  }

  #tagText(event: AnchoredEvent): string {
    return this.#source.slice(event.tagStart, event.tagEnd);
  }

  /** The full name of an explicit tag, '!' for "plain text", null for none. */
  #tagOf(event: AnchoredEvent): string | null {
    if (event.tagStart === -1) return null;
    return this.#tagText(event).replace(/^!!/, 'tag:yaml.org,2002:');
  }

  #open(event: CollectionEvent, kind: 'seq' | 'map'): void {
    const tag = this.#tagOf(event);
    if (tag !== null && tag !== '!' && tag !== `tag:yaml.org,2002:${kind}`) {
      this.#fail(event, `the tag ${this.#tagText(event)} does not fit here`);
    }
    if (event.anchorStart !== -1) this.#anchors.set(this.#source.slice(event.anchorStart, event.anchorEnd), null);
  }

  #finish<N extends Node>(event: AnchoredEvent, node: N, size: number): N {
    if (event.anchorStart !== -1) this.#anchors.set(this.#source.slice(event.anchorStart, event.anchorEnd), node);
    this.#sizes.set(node, size);
    this.#count(event, 1);
    return node;
  }

  #sizeOf(nodes: readonly Node[]): number {
    return nodes.reduce((sum, node) => sum + (this.#sizes.get(node) ?? 1), 0);
  }

  #count(event: Event, size: number): void {
    this.#total += size;
    if (this.#total > MAX_NODES) {
      this.#fail(event, `with its aliases expanded, the file holds more than ${MAX_NODES} values`);
    }
  }

  #positionOf(event: Event | undefined): number {
    if (event === undefined) return this.#position;
    if ('valueStart' in event && event.valueStart !== -1) return this.#startOf(event);
    if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
    if ('start' in event) return event.start;
    if ('tagStart' in event && event.tagStart !== -1) return event.tagStart;
    if ('anchorStart' in event && event.anchorStart !== -1) return event.anchorStart;
    return this.#position;
  }

  /** Where a scalar starts for people: at its quote, or at the `|` or `>` of a block. */
  #startOf({ style, valueStart }: ScalarEvent): number {
    switch (style) {
      case SCALAR_STYLE.PLAIN:
        return valueStart;
      case SCALAR_STYLE.SINGLE_QUOTED:
      case SCALAR_STYLE.DOUBLE_QUOTED:
        return valueStart - 1;
      case SCALAR_STYLE.LITERAL_BLOCK:
      case SCALAR_STYLE.FOLDED_BLOCK: {
        const before = this.#source.slice(0, valueStart).trimEnd();
        const line = before.slice(Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1);
        const header = /[|>][-+0-9]*(?:\s+#.*)?$/.exec(line);
        return header ? before.length - line.length + header.index : valueStart;
      }
    }
  }
}
