import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ConfigError, formatProblems } from '../../../src/config/problems.ts';
import { readTlsFiles } from '../../../src/tls-files.ts';
import { makeCertificate } from '../../kit/certificate.ts';
import { freePorts } from '../../kit/free-port.ts';
import { assertNoProcessLeft, fixture } from '../../kit/processes.ts';
import { runProgram } from '../../kit/program.ts';
import type { Program } from '../../kit/program.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const folder = temporaryFolder();
const first = makeCertificate(folder, 'first');
const second = makeCertificate(folder, 'second');
const broken = join(folder, 'broken.pem');
writeFileSync(broken, 'no PEM');

const config = join(folder, 'config.yaml');
const cmd = `${fixture('half-close-websocket', { name: 'talker' })} --port \${PORT}`;
writeFileSync(
  config,
  `startPort: ${await freePorts(2)}
models:
  good: { cmd: '${fixture('healthy', { name: 'good' })} --port \${PORT}' }
  talker: { cmd: '${cmd}' }
groups:
  together: { swap: false, members: [good, talker] }
`,
);

let running: Program[] = [];
afterEach(async () => {
  for (const program of running) program.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

function serve({ certFile, keyFile }: { certFile: string; keyFile: string }): Program {
  const where = ['--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data')];
  const program = runProgram([...where, '-config', config, '-tls-cert-file', certFile, '-tls-key-file', keyFile]);
  running.push(program);
  return program;
}

async function post(url: string, ca: string, body: object): Promise<string> {
  const asking = request(url, { method: 'POST', ca: readFileSync(ca), agent: false });
  asking.end(JSON.stringify(body));
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return text(answer);
}

/** Whose certificate the server shows. */
async function nameShown(url: string): Promise<string> {
  const socket: TLSSocket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe('TLS', () => {
  it('answers, streams and joins WebSockets over HTTPS, and ends as usual', async () => {
    const program = serve(first);
    const url = await program.url();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const messages = [{ role: 'user', content: 'Hello!' }];
    const chat = `${url}/v1/chat/completions`;
    expect(await post(chat, first.certFile, { model: 'good', messages })).toContain('Hello from model good.');
    expect(await post(chat, first.certFile, { model: 'good', messages, stream: true })).toContain('data: [DONE]');
    const socket = new WebSocket(`${url.replace('https', 'wss')}/upstream/talker/`, {
      ca: readFileSync(first.certFile),
    });
    await once(socket, 'open');
    socket.terminate();
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('cuts whoever does not speak TLS, and goes on', async () => {
    const program = serve(first);
    const url = await program.url();
    const plain = connectTcp(Number(new URL(url).port), '127.0.0.1');
    plain.on('error', () => {});
    plain.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(plain, 'close');
    expect(await nameShown(url)).toBe('first');
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('a renewed certificate is taken at a reload, and one that cannot be used is not', async () => {
    const files = { certFile: join(folder, 'live-cert.pem'), keyFile: join(folder, 'live-key.pem') };
    const install = (certFile: string, keyFile: string) => {
      copyFileSync(certFile, files.certFile);
      copyFileSync(keyFile, files.keyFile);
    };
    install(first.certFile, first.keyFile);
    const program = serve(files);
    const url = await program.url();
    expect(await nameShown(url)).toBe('first');

    install(second.certFile, first.keyFile);
    program.signal('SIGHUP');
    await program.printed(/live-key\.pem: error: does not belong to [^\n]*live-cert\.pem[^]*nothing has changed/);
    expect(await nameShown(url)).toBe('first');

    install(second.certFile, second.keyFile);
    program.signal('SIGHUP');
    await program.printed(/read the configuration again/);
    expect(await nameShown(url)).toBe('second');
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it.each([
    [
      'a certificate that is not there',
      { ...first, certFile: join(folder, 'none') },
      /none: error: .*ENOENT.*--tls-cert-file/,
    ],
    ['a key that is not there', { ...first, keyFile: join(folder, 'none') }, /none: error: .*ENOENT.*--tls-key-file/],
    ['no certificate', { ...first, certFile: broken }, /broken\.pem: error: cannot be used as a certificate/],
    ['no key', { ...first, keyFile: broken }, /broken\.pem: error: cannot be used as a private key/],
    [
      'the key of another certificate',
      { ...first, keyFile: second.keyFile },
      /second-key\.pem: error: does not belong to/,
    ],
  ])('refuses %s', async (_what, files, message) => {
    const error: unknown = await readTlsFiles(files).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(formatProblems((error as ConfigError).problems)).toMatch(message);
  });

  it('does not start with files that it cannot use', async () => {
    const program = serve({ ...first, keyFile: broken });
    expect(await program.ended).toBe(78);
    expect(program.stderr()).toMatch(/broken\.pem: error: cannot be used as a private key/);
    expect(program.stdout()).toBe('');
  });
});
