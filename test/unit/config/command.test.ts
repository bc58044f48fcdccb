import { describe, expect, it } from 'vitest';
import { hasUnclosedQuote, splitCommand, stripComments } from '../../../src/config/command.ts';

const BACKSLASH = '\\';

describe('splitCommand on POSIX', () => {
  it.each([
    ['plain words', 'a b  c', ['a', 'b', 'c']],
    ['tabs and line ends', 'a\tb\nc\n\n  d', ['a', 'b', 'c', 'd']],
    ['a carriage return is part of a word', 'a\rb', ['a\rb']],
    ['both kinds of quotes', `run "a b" 'c d'`, ['run', 'a b', 'c d']],
    ['quotes inside quotes', `run "it's" '"x"'`, ['run', "it's", '"x"']],
    ['adjacent parts join', 'a"b c"d', ['ab cd']],
    ['the shell idiom for a single quote', `'it'\\''s'`, ["it's"]],
    ['an empty argument', 'run "" x', ['run', '', 'x']],
    ['unquoted JSON loses its quotes', '{"a":1}', ['{a:1}']],
    ['an unquoted Windows path loses its backslashes', 'C:\\m\\x.gguf', ['C:mx.gguf']],
    ['a quoted one keeps them', '"C:\\m\\x.gguf"', ['C:\\m\\x.gguf']],
    ['backslash-n is two characters', '"a\\nb"', ['a\\nb']],
    ['in double quotes a backslash escapes five characters', '"\\$ \\` \\" \\\\"', ['$ ` " \\']],
    ['a continued line', `run \\\n  --port 1 \\\n  -m x`, ['run', '--port', '1', '-m', 'x']],
    ['trailing backslash without anything after it', 'run a \\', ['run', 'a']],
    ['two trailing backslashes escape the space', `a${BACKSLASH}${BACKSLASH}\nb`, ['a ', 'b']],
    ['a quoted line end stays', '"a\nb" c', ['a\nb', 'c']],
    ['comment lines, indented too', '# one\nrun\n   # two\n--x', ['run', '--x']],
    ['a # later in a line is plain text', 'a # b', ['a', '#', 'b']],
    ['there is no shell', 'a; b && c | d > *.x ~ $HOME', ['a;', 'b', '&&', 'c', '|', 'd', '>', '*.x', '~', '$HOME']],
    ['other white space does not separate', 'a\u00a0b\vc\fd', ['a\u00a0b\vc\fd']],
    ['an unclosed quote reaches to the end', 'run "a b', ['run', 'a b']],
    ['a process id to be put in later', 'docker stop ${PID}', ['docker', 'stop', '${PID}']],
    ['nothing', '', []],
    ['white space only', ' \n\t', []],
    ['comments only', '# a\n # b', []],
  ])('%s', (_, command, argv) => {
    expect(splitCommand(command, 'linux')).toEqual(argv);
  });
});

describe('splitCommand on Windows', () => {
  it.each([
    ['single quotes are plain text', `run 'a b'`, ['run', "'a", "b'"]],
    ['double quotes quote', 'run "a b" c"d e"', ['run', 'a b', 'cd e']],
    ['a path keeps its backslashes', 'C:\\m\\x.exe --a', ['C:\\m\\x.exe', '--a']],
    ['a carriage return separates', 'a\r\nb', ['a', 'b']],
    ['an odd backslash makes a quote plain', 'a\\"b', ['a"b']],
    ['an even number halves', 'a\\\\"b c"', ['a\\b c']],
    ['a doubled quote inside quotes is one', '"a""b"', ['a"b']],
    ['comments and continued lines work too', '# x\nrun ^\n a \\\n b', ['run', '^', 'a', 'b']],
  ])('%s', (_, command, argv) => {
    expect(splitCommand(command, 'win32')).toEqual(argv);
  });
});

describe('stripComments', () => {
  it('keeps blank lines', () => {
    expect(stripComments('a\n\n# b\nc')).toBe('a\n\nc');
  });

  it('returns nothing when there are only comments', () => {
    expect(stripComments('# a\n\n  # b\n')).toBe('');
  });
});

describe('hasUnclosedQuote', () => {
  it.each([
    ['run "a', true],
    ["run 'a", true],
    [`run 'it"s'`, false],
    ['run \\"a', false],
    ["# don't\nrun", false],
  ])('%s', (command, unclosed) => {
    expect(hasUnclosedQuote(command, 'linux')).toBe(unclosed);
  });
});
