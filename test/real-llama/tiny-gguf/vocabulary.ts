import type { Random } from './random.ts';

/** SentencePiece's kinds of token. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

/** SentencePiece writes a space before a word as this character. */
const SPACE = '\u2581';

const COMMON_WORDS =
  'the of and to in is you that it he was for on are as with his they at be this have from or one had by word but ' +
  'not what all were we when your can said there use an each which she do how their if will up other about out many';

/** The tokens of a model, and for each the one that follows it: the model is a chain. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  readonly scores: readonly number[];
  readonly kinds: readonly number[];
  readonly next: Int32Array;
  /** Tokens that the model may say; the others (unknown, begin, bytes, chat marks) it never does. */
  readonly speakable: (token: number) => boolean;
  readonly special: { unknown: number; begin: number; end: number; chatEnd: number };
}

export interface Sentence {
  /** What the model always answers; '' = common words in a shuffled circle without an end. */
  readonly say: string;
  /** Say it again and again instead of ending. */
  readonly loop: boolean;
  /** Tokens that are never used: they make the file bigger and its load slower. */
  readonly pad: number;
}

export function makeVocabulary({ say, loop, pad }: Sentence, random: Random): Vocabulary {
  const ids = new Map<string, number>();
  const tokens: string[] = [];
  const scores: number[] = [];
  const kinds: number[] = [];
  const add = (token: string, kind: number, score = 0): number => {
    const known = ids.get(token);
    if (known !== undefined) return known;
    ids.set(token, tokens.length);
    scores.push(score);
    kinds.push(kind);
    return tokens.push(token) - 1;
  };
  // The tokenizer merges pairs, so it can only reach a word whose prefixes are tokens too.
  const addWord = (word: string): number => {
    for (let n = 1; n < word.length; n++) add(word.slice(0, n), NORMAL, -n * 0.01 - 1);
    return add(word, NORMAL, -word.length * 0.01);
  };

  const unknown = add('<unk>', UNKNOWN);
  const begin = add('<s>', CONTROL);
  const end = add('</s>', CONTROL);
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, BYTE);
  add('<|im_start|>', CONTROL);
  const chatEnd = add('<|im_end|>', CONTROL);
  add(SPACE, NORMAL, -1000);
  for (let code = 33; code < 127; code++) add(String.fromCharCode(code), NORMAL, -1000 - code);
  const common = COMMON_WORDS.split(' ').map((word) => addWord(SPACE + word));
  const said = say.split(/\s+/).filter(Boolean);
  const chain = said.map((word, i) => addWord((i === 0 ? '' : SPACE) + word));
  if (new Set(chain).size !== chain.length) throw new Error('The words of a sentence must differ: it is a chain.');
  // Said again, the first word has a space before it, and so is another token.
  const again = loop && said[0] !== undefined ? addWord(SPACE + said[0]) : end;
  for (let i = 0; i < pad; i++) add(`${SPACE}pad${i}`, NORMAL, -5000 - i);

  const next = new Int32Array(tokens.length);
  if (chain[0] === undefined) {
    next.fill(common[0]!);
    const circle = shuffled(common, random);
    circle.forEach((token, i) => (next[token] = circle[(i + 1) % circle.length]!));
  } else {
    next.fill(chain[0]);
    chain.forEach((token, i) => (next[token] = chain[i + 1] ?? again));
    if (loop) next[again] = chain[1] ?? again;
  }
  const speakable = (token: number) => kinds[token] === NORMAL || token === end;
  return { tokens, scores, kinds, next, speakable, special: { unknown, begin, end, chatEnd } };
}

function shuffled(items: readonly number[], random: Random): number[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
