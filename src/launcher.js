#!/usr/bin/env node
// The first file that runs, and the only one that an old Node must be able to parse: no syntax newer than 2019, and
// nothing imported by name that an old Node lacks. It says what is wrong there, and starts the program everywhere else.
import { existsSync } from 'fs';
import * as module from 'module';
import { fileURLToPath } from 'url';

const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(
    'llama-swap needs Node.js ' +
      OLDEST +
      ' or newer, and this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '). In a checkout, "npm start" uses the right one.\n',
  );
  process.exitCode = 1;
} else {
  module.enableCompileCache();
  // Built, the program is a .js beside this file; in a checkout it is a .ts that Node runs as it is.
  const built = existsSync(fileURLToPath(new URL('main.js', import.meta.url)));
  const start = built ? import('./main.js') : import('./main.ts');
  start.catch(function (error) {
    process.stderr.write((error && error.stack ? error.stack : String(error)) + '\n');
    process.exitCode = 1;
  });
}
