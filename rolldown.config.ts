import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import standalone from 'ajv/dist/standalone/index.js';
import { defineConfig, type Plugin } from 'rolldown';
import { compileSchema } from './src/config/compile-schema.ts';

const packageJson = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** The folder of the package that a module belongs to, with what leads there. */
const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;

/** Packages that Express loads for what nobody here calls: reading bodies, queries in brackets, files and their types. */
const UNUSED = ['body-parser', 'mime-db', 'qs', 'send', 'serve-static'];

/**
 * What is installed: the program in a few pieces, with the packages it stands on. To find and read seven hundred files is
 * the larger part of a start from the sources. Pieces keep their names: one starts another by its file. Lines stay lines,
 * so that a stack trace says something.
 */
export default defineConfig({
  input: { main: 'src/main.ts', gateway: 'src/gateway.ts', 'stand-in-server': 'src/demo/stand-in-server.ts' },
  platform: 'node',
  external: Object.keys(packageJson.optionalDependencies),
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    comments: { legal: true, annotation: false, jsdoc: false },
  },
  // Without what libraries do for developers: colours of diagnostics, and stack traces in answers.
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  plugins: [launcher(), compiledSchema(), withoutUnused(), oneByteText(), licenses()],
});

function launcher(): Plugin {
  return {
    name: 'launcher',
    generateBundle() {
      // As it is: it must remain something that an old Node can parse.
      this.emitFile({ type: 'asset', fileName: 'launcher.js', source: readFileSync('src/launcher.js', 'utf8') });
    },
  };
}

/**
 * What ajv makes of the schema, in the place of ajv: one function, the largest of all. It stands in parentheses for V8 to
 * compile it together with the file, which node then keeps compiled; what is compiled when it is called first is not kept.
 */
function compiledSchema(): Plugin {
  return {
    name: 'compiled-schema',
    load(id) {
      if (!/[\\/]src[\\/]config[\\/]compiled-schema\.ts$/.test(id)) return null;
      const { ajv, validate } = compileSchema(true);
      const [, name = '', data, check, ...more] =
        /^(?:"use strict";)?export const validate = (\w+);export default \1;(.*?)(function \1\(.*\})(.*)$/s.exec(
          standalone.default(ajv, validate),
        ) ?? [];
      if (name === '' || more.join('').trim() !== '')
        throw new Error('ajv has written something else than one function');
      return { code: `${data}\nexport const validate = (${check});\n`, moduleType: 'js' };
    },
  };
}

function withoutUnused(): Plugin {
  const file = new RegExp(String.raw`[\\/]node_modules[\\/](${UNUSED.join('|')})[\\/](?:lib[\\/])?index\.js$`);
  const missed = new Set(UNUSED);
  return {
    name: 'without-unused',
    load(id) {
      const [, name] = file.exec(id) ?? [];
      if (name === undefined) return null;
      missed.delete(name);
      return 'module.exports = {};';
    },
    buildEnd(error) {
      if (!error && missed.size > 0) throw new Error(`not left out, since not found: ${[...missed].join(', ')}`);
    },
  };
}

/**
 * One letter outside of Latin-1 doubles what the whole file takes in memory. An escape may stand wherever one may, but for
 * templates of String.raw.
 */
function oneByteText(): Plugin {
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return {
    name: 'one-byte-text',
    generateBundle(_options, bundle) {
      for (const part of Object.values(bundle)) {
        if (part.type === 'chunk') part.code = part.code.replaceAll(/[^\0-\u00ff]/g, escaped);
      }
    },
  };
}

/** Whose packages are in the pieces, in the words of their licenses. */
function licenses(): Plugin {
  return {
    name: 'licenses',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const folders = new Set(modules.flatMap((id) => PACKAGE.exec(id)?.[0] ?? []));
      const source = [...folders].toSorted().map(licenseOf).join('\n');
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source });
    },
  };
}

/** @throws Error when a package says nothing about it. */
function licenseOf(folder: string): string {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (typeof about['license'] !== 'string') throw new Error(`${folder}: under which license is it?`);
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return `${String(about['name'])} ${String(about['version'])} (${about['license']})\n\n${text}\n\n`;
}
