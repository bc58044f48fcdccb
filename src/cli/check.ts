import { loadConfig } from '../config/load.ts';
import { ConfigError, formatProblems } from '../config/problems.ts';
import type { Problem } from '../config/problems.ts';
import type { CheckCommand } from './arguments.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { sourcesOf } from './sources.ts';

/** Everything that is wrong with one configuration. */
interface Findings {
  readonly problems: readonly Problem[];
  /** How many models it has; null when it cannot be used. */
  readonly models: number | null;
}

/**
 * Lists what is wrong with a configuration, and starts nothing.
 *
 * @param print Gets what goes to standard output.
 * @returns 0 when the configuration can be used, warnings or not.
 */
export async function check(command: CheckCommand, print: (text: string) => void): Promise<ExitCode> {
  const findings = await findingsIn(command);
  print(formatFindings(command, findings));
  return findings.models === null ? EXIT.config : EXIT.ok;
}

async function findingsIn(command: CheckCommand): Promise<Findings> {
  try {
    const { config, warnings } = await loadConfig(sourcesOf(command));
    return { problems: warnings, models: config.models.size };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, models: null };
    throw error;
  }
}

/** What `check` prints about a configuration, for people or, with `--json`, for programs. */
function formatFindings(command: CheckCommand, { problems, models }: Findings): string {
  const { configFile, configDir } = command;
  if (command.json) {
    const findings = { file: configFile, directory: configDir, usable: models !== null, models, problems };
    return `${JSON.stringify(findings, null, 2)}\n`;
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const counts = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  const what = [configFile, configDir].filter((source) => source !== null).join(' with ');
  const verdict =
    models === null ? `${what} cannot be used: ${counts}` : `${what} can be used: ${count(models, 'model')}, ${counts}`;
  return `${problems.length === 0 ? '' : `${formatProblems(problems)}\n`}${verdict}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
