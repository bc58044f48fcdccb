import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments.ts';

const SERVE = {
  name: 'serve',
  configFile: null,
  configDir: null,
  watchConfig: false,
  listen: ':8080',
  tls: null,
  dataDir: null,
  inspect: false,
};
const TLS = { certFile: 'c.pem', keyFile: 'k.pem' };

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
    [['-config-dir', 'd'], { ...SERVE, configDir: 'd' }],
    [
      ['-config', 'c', '-config-dir=d', '-watch-config'],
      { ...SERVE, configFile: 'c', configDir: 'd', watchConfig: true },
    ],
    [['-watch-config=true', '-config-dir=d'], { ...SERVE, configDir: 'd', watchConfig: true }],
    [['-watch-config=T', '-watch-config=0', '-config-dir=d'], { ...SERVE, configDir: 'd' }],
    [['-watch-config=false'], SERVE],
    [['-inspect=1', '--inspect=FALSE'], SERVE],
    [['-tls-cert-file', 'c.pem', '-tls-key-file=k.pem'], { ...SERVE, listen: ':8443', tls: TLS }],
    [['-tls-cert-file=c.pem', '-tls-key-file=k.pem', '-listen=:1'], { ...SERVE, listen: ':1', tls: TLS }],
    [['check', '--config', 'c.yaml'], { name: 'check', configFile: 'c.yaml', configDir: null, json: false }],
    [['check', '-json', '-config=a=b.yaml'], { name: 'check', configFile: 'a=b.yaml', configDir: null, json: true }],
    [['check', '--config-dir', 'd'], { name: 'check', configFile: null, configDir: 'd', json: false }],
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
    [['--inspect=yes'], /--inspect is true or false, not "yes"/],
    [['-watch-config='], /--watch-config is true or false, not ""/],
    [['-watch-config', 'false', '-config', 'c'], /write for example --watch-config=false/],
    [['-watch-config'], /--watch-config needs --config or --config-dir/],
    [['-config-dir='], /--config-dir needs a value/],
    [['-tls-cert-file', 'c.pem'], /go together/],
    [['-tls-key-file', 'k.pem'], /go together/],
    [['-tls-cert-file', 'c.pem', '-tls-key-file='], /--tls-key-file needs a value/],
    [['check', '--config', 'c', '--watch-config'], /no option --watch-config/],
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
