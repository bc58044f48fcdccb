import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const packageJson = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/**
 * What is installed: our own files in a few pieces, since reading three hundred of them is half of a start. Packages stay
 * what they are. Pieces keep their names: one starts another by its file.
 */
export default defineConfig({
  input: { main: 'src/main.ts', gateway: 'src/gateway.ts', 'stand-in-server': 'src/demo/stand-in-server.ts' },
  platform: 'node',
  external: [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.optionalDependencies)],
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
  plugins: [
    {
      name: 'launcher',
      generateBundle() {
        // As it is: it must remain something that an old Node can parse.
        this.emitFile({ type: 'asset', fileName: 'launcher.js', source: readFileSync('src/launcher.js', 'utf8') });
      },
    },
  ],
});
