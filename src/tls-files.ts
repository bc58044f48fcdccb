import { readFile } from 'node:fs/promises';
import { ConfigError, type Problem } from './config/problems.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate of the server, and the intermediate ones after it. */
  readonly certFile: string;
  /** Its private key, without a passphrase. */
  readonly keyFile: string;
}

/** What a server for HTTPS is made with. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @throws ConfigError where the files cannot be used, together or one of them */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  const material = {
    cert: await read(certFile, 'check the path given with --tls-cert-file'),
    key: await read(keyFile, 'check the path given with --tls-key-file'),
  };
  await prove({ cert: material.cert }, certFile, 'cannot be used as a certificate', 'it must hold PEM text');
  const hint = 'it must hold PEM text, without a passphrase';
  await prove({ key: material.key }, keyFile, 'cannot be used as a private key', hint);
  await prove(material, keyFile, `does not belong to ${certFile}`, 'take the key that the certificate was made for');
  return material;
}

async function read(file: string, hint: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw problem(file, `the file cannot be read (${code ?? 'unknown error'})`, hint);
  }
}

/** OpenSSL's own words could quote the file. TLS is loaded for this only: it is a twentieth of a start. */
async function prove(material: Partial<TlsMaterial>, file: string, message: string, hint: string): Promise<void> {
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext(material);
  } catch {
    throw problem(file, message, hint);
  }
}

function problem(file: string, message: string, hint: string): ConfigError {
  const found: Problem = { severity: 'error', file, line: null, column: null, path: '', message, hint };
  return new ConfigError([found]);
}
