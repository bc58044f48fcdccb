import { describe, expect, test } from 'vitest';
import { DslError, type Expression, parseExpression } from '../../../../machines/orchestrator/policies/matrix-dsl.ts';

const name = (name: string): Expression => ({ kind: 'name', name });
const reference = (name: string): Expression => ({ kind: 'reference', name });
const both = (...operands: Expression[]): Expression => ({ kind: 'both', operands });
const either = (...operands: Expression[]): Expression => ({ kind: 'either', operands });

function messageOf(text: string): string {
  try {
    parseExpression(text);
  } catch (error) {
    expect(error).toBeInstanceOf(DslError);
    return (error as Error).message;
  }
  return 'no error';
}

describe('what is read', () => {
  test.each<[string, Expression]>([
    ['a', name('a')],
    ['qwen-3.5_x', name('qwen-3.5_x')],
    ['größe4', name('größe4')],
    ['+other', reference('other')],
    ['a&b', both(name('a'), name('b'))],
    ['a | b | c', either(name('a'), name('b'), name('c'))],
    ['a & b | c & d', either(both(name('a'), name('b')), both(name('c'), name('d')))],
    ['a & (b | c) & d', both(name('a'), either(name('b'), name('c')), name('d'))],
    ['((a))', name('a')],
    ['\n  a\t&\n +b\n', both(name('a'), reference('b'))],
  ])('%j', (text, expected) => {
    expect(parseExpression(text)).toEqual(expected);
  });
});

describe('what is refused, word for word', () => {
  test.each([
    ['', 'empty DSL expression'],
    ['  \n ', 'empty DSL expression'],
    ['a ,b', "tokenize: unexpected character ',' at position 2"],
    ['  a ,b', "tokenize: unexpected character ',' at position 2"],
    ['🦙', "tokenize: unexpected character '🦙' at position 0"],
    ['größe 🦙/', "tokenize: unexpected character '🦙' at position 6"],
    ['org/model', "tokenize: unexpected character '/' at position 3"],
    ['+', "tokenize: expected set name after '+' at position 1"],
    ['+ a', "tokenize: expected set name after '+' at position 1"],
    ['a & +', "tokenize: expected set name after '+' at position 5"],
    ['(a', 'parse: missing closing parenthesis'],
    ['((a)', 'parse: missing closing parenthesis'],
    ['(a b', 'parse: missing closing parenthesis'],
    ['a b', 'parse: unexpected token "b" after expression'],
    ['a+b', 'parse: unexpected token "b" after expression'],
    ['a)', 'parse: unexpected token ")" after expression'],
    ['()', 'parse: unexpected token ")"'],
    ['a &', 'parse: unexpected token ""'],
    ['& a', 'parse: unexpected token "&"'],
    ['a | | b', 'parse: unexpected token "|"'],
    ['('.repeat(100_000), 'parse: parentheses are nested too deeply'],
  ])('%j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });
});

test('side by side, parentheses may be many', () => {
  const expression = parseExpression(Array.from({ length: 2_000 }, () => '(a|b)').join('&'));
  expect(expression.kind === 'both' && expression.operands.length).toBe(2_000);
});
