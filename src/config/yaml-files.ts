import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The YAML files directly in a directory, by the bytes of their names; those that begin with a dot count.
 *
 * @throws the system's error when the directory cannot be read
 */
export async function yamlFilesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name)).map(({ name }) => name);
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => join(directory, name));
}
