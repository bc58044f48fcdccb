import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments.ts';

const SERVE = { name: 'serve', configFile: null, listen: ':8080', dataDir: null, inspect: false };

describe('command line', () => {
  it.each([
    [[], SERVE],
    [['serve'], SERVE],
    [['--config', 'c.yaml'], { ...SERVE, configFile: 'c.yaml' }],
    [['-config', 'c.yaml'], { ...SERVE, configFile: 'c.yaml' }],
    [['--config=c.yaml'], { ...SERVE, configFile: 'c.yaml' }],
    [['-config=c.yaml', '-listen=127.0.0.1:0'], { ...SERVE, configFile: 'c.yaml', listen: '127.0.0.1:0' }],
    [['serve', '-listen', '[::1]:9'], { ...SERVE, listen: '[::1]:9' }],
    [['-listen', ':1', '-listen', ':2'], { ...SERVE, listen: ':2' }],
    [['-data-dir', '/d', '-inspect'], { ...SERVE, dataDir: '/d', inspect: true }],
    [['--inspect', 'serve'], { ...SERVE, inspect: true }],
    [['check', '--config', 'c.yaml'], { name: 'check', configFile: 'c.yaml', json: false }],
    [['check', '-json', '-config=a=b.yaml'], { name: 'check', configFile: 'a=b.yaml', json: true }],
    [['--version'], { name: 'version' }],
    [['-version'], { name: 'version' }],
    [['-h'], { name: 'help' }],
    [['-help'], { name: 'help' }],
    [['check', '--help'], { name: 'help' }],
  ])('%j', (argv, command) => {
    expect(parseArguments(argv)).toEqual(command);
  });

  it.each([
    [['--confg', 'c.yaml'], /--confg/],
    [['-x'], /-x/],
    [['--config'], /--config/],
    [['--config='], /--config needs a value/],
    [['--config', 'c.yaml', 'x', '--listen', ':9'], /"x"/],
    [['serve', 'c.yaml'], /"c.yaml" is one argument too many/],
    [['start'], /no command "start"/],
    [['check'], /needs --config/],
    [['check', '--config', 'c', '--listen', ':1'], /no option --listen/],
    [['--json'], /no option --json/],
    [['--inspect=yes'], /--inspect/],
    [['--listen', '8080'], /not host:port/],
    [['--listen', ':65536'], /65535/],
    [['--listen', '::1:80'], /not host:port/],
    [['--listen', 'localhost:http'], /not host:port/],
  ])('%j is refused', (argv, message) => {
    expect(parseArguments(argv)).toEqual({ name: 'misused', message: expect.stringMatching(message) as string });
  });

  it('says what is wrong in one sentence', () => {
    const command = parseArguments(['--nope']) as { message: string };
    expect(command.message).toMatch(/^[^.]*\.$/);
  });
});
