#!/usr/bin/env node
// The first file that runs, and the only one that an old Node must be able to parse: no syntax newer than 2019, and
// nothing imported by name that an old Node lacks. It says what is wrong there, and starts the program everywhere else.
import { existsSync } from 'fs';
import * as module from 'module';
import { fileURLToPath } from 'url';

const OLDEST = 24;

// V8 has four threads for compiling and collecting beside the program's own, and each keeps some megabytes of what it has
// used; one does as well for a program whose work is to pass on bytes. It also goes through all that lives whenever that has
// grown by some megabytes, which holds up streams every few seconds; with room for so many it does so much less often. And
// its space for young objects holds what hundreds of requests make in passing with 16 MB (8 at a time); V8 goes on to eight
// times of that under load, for a gain of a few percent, and its pauses grow with it. All are read before anything else is,
// so the program starts itself once more, in its own place: the process stays the same one.
const V8_OPTIONS = ['--v8-pool-size=1', '--initial-old-space-size=48', '--max-semi-space-size=8'];

function runsAsItShould() {
  const chosen = process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' ');
  const isChosen = V8_OPTIONS.some(function (option) {
    return chosen.indexOf(option.split('=')[0]) !== -1;
  });
  // Windows cannot, and a channel to the parent would be lost.
  const canChoose = process.platform !== 'win32' && typeof process.execve === 'function' && !process.connected;
  return isChosen || !canChoose;
}

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
} else if (!runsAsItShould()) {
  process.execve(process.execPath, [process.argv0].concat(process.execArgv, V8_OPTIONS, process.argv.slice(1)));
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
