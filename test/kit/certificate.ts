import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TlsFiles } from '../../src/tls-files.ts';

/**
 * Makes a certificate for this machine that is its own authority, and its key. Node cannot make one: without OpenSSL's
 * program (Debian package openssl) this fails.
 */
export function makeCertificate(folder: string, name: string): TlsFiles {
  const certFile = join(folder, `${name}-cert.pem`);
  const keyFile = join(folder, `${name}-key.pem`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  try {
    execFileSync('openssl', ['req', '-x509', ...key, '-out', certFile, '-days', '2', ...names], { stdio: 'pipe' });
  } catch (error) {
    throw new Error('No certificate: the tests of TLS need the program openssl (apt-get install openssl).', {
      cause: error,
    });
  }
  return { certFile, keyFile };
}
