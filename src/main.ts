import { parseArguments } from './cli/arguments.ts';
import type { Command } from './cli/arguments.ts';
import { EXIT } from './cli/exit-code.ts';
import type { ExitCode } from './cli/exit-code.ts';
import { lastWords } from './cli/standard-streams.ts';
import { USAGE } from './cli/usage.ts';

/** Each command brings its own modules: asking for the version does not load a web framework. */
async function run(command: Command): Promise<ExitCode> {
  switch (command.name) {
    case 'help':
      process.stdout.write(USAGE);
      return EXIT.ok;
    case 'version': {
      const { buildInfo } = await import('./version.ts');
      const { version, commit, build_date } = buildInfo();
      process.stdout.write(`version: ${version} (${commit}), built at ${build_date}\n`);
      return EXIT.ok;
    }
    case 'misused':
      process.stderr.write(`${command.message}\n\n${USAGE}`);
      return EXIT.usage;
    case 'check': {
      const { check } = await import('./cli/check.ts');
      return check(command, (text) => void process.stdout.write(text));
    }
    case 'serve': {
      const { serve } = await import('./cli/serve.ts');
      return serve(command);
    }
  }
}

// Whoever reads the output may leave before the end (`| head`); that is no reason to end badly.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const code = await run(parseArguments(process.argv.slice(2)));
await lastWords([process.stdout, process.stderr]);
// A timer or connection that somebody forgot must not keep a finished program alive.
process.exit(code);
