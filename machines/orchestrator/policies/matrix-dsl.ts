/** What may run together, as written: names of models and variables, sets by reference, and how they combine. */
export type Expression =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'reference'; readonly name: string }
  /** Both operands at the same time, or either of them. At least two. */
  | { readonly kind: 'both' | 'either'; readonly operands: readonly Expression[] };

/** An expression that cannot be read. The message is complete but for the name of the set. */
export class DslError extends Error {
  override readonly name = 'DslError';
}

interface Token {
  readonly kind: 'name' | 'reference' | '&' | '|' | '(' | ')' | 'end';
  readonly text: string;
}

const NAME_CHARACTER = /[\p{L}\p{Nd}_.-]/u;
const DEEPEST = 500;

/**
 * Reads `a & (b | +other)`; `&` binds tighter than `|`.
 *
 * @throws DslError; positions count characters from 0, leading white space left out
 */
export function parseExpression(text: string): Expression {
  const trimmed = text.trim();
  if (trimmed === '') throw new DslError('empty DSL expression');
  const tokens = tokenize(Array.from(trimmed));
  let place = 0;
  let depth = 0;
  const peek = (): Token => tokens[place] ?? { kind: 'end', text: '' };
  const take = (): Token => tokens[place++] ?? { kind: 'end', text: '' };

  const expression = chain('|', 'either', () => chain('&', 'both', atom));
  if (peek().kind !== 'end') fail(`unexpected token ${JSON.stringify(peek().text)} after expression`);
  return expression;

  function chain(operator: '&' | '|', kind: 'both' | 'either', operand: () => Expression): Expression {
    const first = operand();
    const operands = [first];
    while (peek().kind === operator) {
      take();
      operands.push(operand());
    }
    return operands.length === 1 ? first : { kind, operands };
  }

  function atom(): Expression {
    const token = take();
    if (token.kind === 'name' || token.kind === 'reference') return { kind: token.kind, name: token.text };
    if (token.kind !== '(') return fail(`unexpected token ${JSON.stringify(token.text)}`);
    if (++depth > DEEPEST) fail('parentheses are nested too deeply');
    const inner = chain('|', 'either', () => chain('&', 'both', atom));
    depth--;
    if (take().kind !== ')') fail('missing closing parenthesis');
    return inner;
  }
}

function fail(message: string): never {
  throw new DslError(`parse: ${message}`);
}

function tokenize(characters: readonly string[]): Token[] {
  const tokens: Token[] = [];
  let place = 0;
  while (place < characters.length) {
    const character = characters[place] ?? '';
    if (/\s/u.test(character)) place++;
    else if (character === '&' || character === '|' || character === '(' || character === ')') {
      tokens.push({ kind: character, text: character });
      place++;
    } else if (character === '+') {
      const name = nameFrom(characters, ++place);
      if (name === '') throw new DslError(`tokenize: expected set name after '+' at position ${place}`);
      tokens.push({ kind: 'reference', text: name });
      place += Array.from(name).length;
    } else {
      const name = nameFrom(characters, place);
      if (name === '') throw new DslError(`tokenize: unexpected character '${character}' at position ${place}`);
      tokens.push({ kind: 'name', text: name });
      place += Array.from(name).length;
    }
  }
  return tokens;
}

function nameFrom(characters: readonly string[], start: number): string {
  let end = start;
  while (NAME_CHARACTER.test(characters[end] ?? '')) end++;
  return characters.slice(start, end).join('');
}
