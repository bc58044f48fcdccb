#!/usr/bin/env node
// The first file that runs, and the only one that an old Node must be able to parse: no syntax newer than 2019, and
// nothing imported by name that an old Node lacks. It says what is wrong there, and starts the program everywhere else.
import { existsSync, lstatSync, mkdirSync } from 'fs';
import * as module from 'module';
import { tmpdir, userInfo } from 'os';
import { join } from 'path';
import { fileURLToPath } from 'url';

const OLDEST = 24;

// V8 has four threads for compiling and collecting beside the program's own, and each keeps some megabytes of what it has
// used; one does as well for a program whose work is to pass on bytes.
// Its space for young objects holds what hundreds of requests make in passing with 16 MB (8 at a time). V8 goes on to eight
// times of that under load, for a gain of a few percent, and its pauses grow with it.
// In quiet times it gives back some megabytes, and the code for requests goes with them: the next request is served at a third
// of the speed. What a crowd leaves behind `cli/memory.ts` has it give back.
//
// All three are read before anything else is, so the program starts itself once more, in its own place: the process stays the
// same one. Other options may not be here, for the reason that `cli/memory.ts` has.
const V8_OPTIONS = ['--v8-pool-size=1', '--max-semi-space-size=8', '--no-memory-reducer'];

function runsAsItShould() {
  const chosen = process.execArgv
    .concat(process.env.NODE_OPTIONS || '')
    .join(' ')
    .replace(/_/g, '-');
  const isChosen = V8_OPTIONS.some(function (option) {
    const name = option.split('=')[0].replace(/^--(?:no-)?/, '');
    return new RegExp('--(?:no-)?' + name + '\\b').test(chosen);
  });
  // Windows cannot, and a channel to the parent would be lost.
  const canChoose = process.platform !== 'win32' && typeof process.execve === 'function' && !process.connected;
  return isChosen || !canChoose;
}

// What is compiled is kept for the next start, in a folder that only this user can write to: what lies there is run. Where
// node itself would keep it, anybody could have made the folder first. Without one, every start takes longer.
function keepCompiled() {
  const isPosix = typeof process.getuid === 'function';
  try {
    const folder = join(tmpdir(), 'llama-swap-compiled-' + (isPosix ? process.getuid() : userInfo().username));
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    const stat = lstatSync(folder);
    const isOurs = stat.isDirectory() && (!isPosix || (stat.uid === process.getuid() && (stat.mode & 0o022) === 0));
    if (isOurs) module.enableCompileCache(folder);
  } catch {
    // A user without a name, no temporary directory, or one that is read-only, as containers have.
  }
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
  keepCompiled();
  // Built, the program is a .js beside this file; in a checkout it is a .ts that Node runs as it is.
  const built = existsSync(fileURLToPath(new URL('main.js', import.meta.url)));
  const start = built ? import('./main.js') : import('./main.ts');
  start.catch(function (error) {
    process.stderr.write((error && error.stack ? error.stack : String(error)) + '\n');
    process.exitCode = 1;
  });
}
