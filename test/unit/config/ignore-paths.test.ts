import { describe, expect, it } from 'vitest';
import { translateRe2 } from '../../../src/config/re2.ts';
import { errorsOf, load } from './load-text.ts';

const patternsOf = async (text: string): Promise<RegExp[]> =>
  (await load(text)).config.upstreamIgnorePaths.map((source) => new RegExp(source, 'u'));

describe('upstream.ignorePaths', () => {
  it.each([[''], ['upstream:'], ['upstream: {}'], ['upstream: {ignorePaths: }']])(
    'the default stands in for %s',
    async (text) => {
      const [pattern, ...others] = await patternsOf(text);
      expect(others).toEqual([]);
      for (const path of ['/a.js', '/b/c.json', '/i.png', '/r.txt', '/favicon.ico']) expect(path).toMatch(pattern!);
      for (const path of ['/v1/chat/completions', '/health', '/a.jsx']) expect(path).not.toMatch(pattern!);
    },
  );

  it('several patterns are searched, not anchored', async () => {
    const [first, second] = await patternsOf(`upstream: {ignorePaths: ['^\\/ws$|^\\/api\\/jobs$', '(?i)\\.CSS']}`);
    expect('/ws').toMatch(first!);
    expect('/ws/x').not.toMatch(first!);
    expect('/deep/style.css?v=1').toMatch(second!);
  });

  it('D9: an empty list switches the default off', async () => {
    expect(await patternsOf('upstream: {ignorePaths: []}')).toEqual([]);
  });

  it.each([
    ['(', 'is not valid: unterminated group'],
    ['[a', 'has a [ without its ]'],
    ['a**', 'is not valid: nothing to repeat'],
    ['(?=a)', 'uses lookaround or the like, which RE2 does not have'],
    ['(a)\\1', 'refers to a group (\\1), which RE2 cannot'],
    ['\\y', 'has a \\ before "y", where it means nothing'],
    ['[[:nope:]]', 'names the class "nope", which there is not'],
    ['\\p{Nope}', 'names "Nope", which is no property of characters'],
    ['(?U)a', 'sets the flags "U": only i, m and s are known here'],
    ['(?)', 'has a group that RE2 does not know'],
  ])('%s is refused, with the key and the pattern', async (pattern, wrong) => {
    expect(await errorsOf({ upstream: { ignorePaths: ['x', pattern] } })).toEqual([
      `upstream.ignorePaths[1]: the regular expression "${pattern}" ${wrong}`,
    ]);
  });
});

describe('RE2 as JavaScript', () => {
  it.each([
    ['(?i)a|b', ['A', 'B'], ['c']],
    ['^(a(?i)b|c)d$', ['abd', 'aBd', 'Cd'], ['Abd', 'aBD']],
    ['(?i:a)b', ['Ab'], ['aB']],
    ['^[[:alpha:]_-]+$', ['aZ_-'], ['a1', '[']],
    ['^[[:^digit:]]+$', ['ab:'], ['a1']],
    ['^[^]a]$', ['b', '['], [']', 'a']],
    ['^\\Qa.b*\\E+$', ['a.b*', 'a.b**'], ['axb*']],
    ['(?P<n>x)(?<m>y)', ['xy'], ['yx']],
    ['^\\pL\\p{Greek}\\P{Lu}\\p{^Lu}$', ['xαyz'], ['xaya', 'xαYz']],
    ['^a{$', ['a{'], ['a']],
    ['^a{2,3}$', ['aa'], ['a', 'aaaa']],
    ['^a{,2}$', ['a{,2}'], ['aa']],
    ['\\Ab\\z', ['b'], ['ab', 'b\n']],
    ['(?m)^b$', ['a\nb'], ['ab']],
    ['(?s)a.b', ['a\nb'], ['ab']],
    ['^\\x41\\x{1F600}\\101\\a$', ['A😀A\x07'], ['A']],
    ['^\\/\\-\\_\\#[a\\-z]$', ['/-_#-'], ['/-_#b']],
    ['^]}$', [']}'], ['}']],
  ])('%s', (pattern, matching, others) => {
    const translated = translateRe2(pattern);
    const expression = new RegExp('source' in translated ? translated.source : '(?!)', 'u');
    for (const text of matching) expect(text).toMatch(expression);
    for (const text of others) expect(text).not.toMatch(expression);
  });
});
