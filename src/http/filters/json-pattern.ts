import { matchesGlob, parseGlob } from './glob.ts';
import type { Glob } from './glob.ts';

/** Which places in a document are meant. */
export interface Pattern {
  readonly parts: readonly PatternPart[];
  /** It could replace the outermost `model`. */
  readonly touchesModel: boolean;
}

export type PatternPart =
  /** The first key that fits and leads on, or an element by its index. */
  | { readonly kind: 'key'; readonly glob: Glob; readonly index: number | null }
  /** `#`: every element. */
  | { readonly kind: 'each' }
  /** `#(role=="user")` the first element that fits, `#(…)#` every one. */
  | { readonly kind: 'query'; readonly query: Query; readonly all: boolean }
  /** `|`: what is behind it never leads to a place that can be replaced. */
  | { readonly kind: 'nothing' };

export interface Query {
  /** Inside of the element; empty for the element itself. */
  readonly parts: readonly PatternPart[];
  readonly operator: Operator;
  readonly operand: string;
}

export type Operator = 'exists' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '%' | '!%';

const QUERY = /#[([](?<query>(?:"(?:\\[^]|[^"\\])*"|[^"()[\]])*)[)\]](?<all>#?)(?=\.|$)/y;
const KEY = /(?:\\[^]|[^.\\]|\\$)*/y;
const COMPARISON = /^\s*(?<left>[^=!<>%~|]*?)\s*(?:(?<operator>==?|!=|<=?|>=?|!?%)\s*(?<right>[^=~][^]*?|)\s*)?$/;

/**
 * Reads a path with wildcards or queries in it.
 *
 * @throws SyntaxError for a query that is not understood.
 */
export function parsePattern(text: string): Pattern {
  const parts: PatternPart[] = [];
  for (let at = 0; at <= text.length; at += 1) {
    QUERY.lastIndex = at;
    KEY.lastIndex = at;
    const query = QUERY.exec(text);
    const key = query === null ? (KEY.exec(text)?.[0] ?? '') : '';
    if (query !== null) {
      parts.push({
        kind: 'query',
        query: parseQuery(query.groups?.['query'] ?? ''),
        all: query.groups?.['all'] === '#',
      });
    } else {
      parts.push(keyPart(key));
    }
    at += query?.[0].length ?? key.length;
  }
  const [only] = parts;
  const touchesModel = parts.length === 1 && only?.kind === 'key' && matchesGlob(only.glob, 'model');
  return { parts, touchesModel };
}

function keyPart(text: string): PatternPart {
  if (text === '#') return { kind: 'each' };
  if (/^#[([]/.test(text)) throw new SyntaxError(`the query ${text} is not understood`);
  if (text.replaceAll(/\\[^]/g, '').includes('|')) return { kind: 'nothing' };
  return { kind: 'key', glob: parseGlob(text), index: /^\d{1,9}$/.test(text) ? Number(text) : null };
}

function parseQuery(text: string): Query {
  const groups = COMPARISON.exec(text)?.groups;
  if (groups === undefined) throw new SyntaxError(`the query #(${text}) is not understood`);
  const { left = '', operator = 'exists', right = '' } = groups;
  return {
    parts: left === '' ? [] : parsePattern(left).parts,
    operator: (operator === '==' ? '=' : operator) as Operator,
    operand: unquote(right),
  };
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    throw new SyntaxError(`the text ${text} in a query is not understood`);
  }
}
