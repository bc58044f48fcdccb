/** Where something stands in a source. Line and column count from 1; null where the source is an object, not text. */
export interface Place {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** Keys and list positions from the top of the configuration to the value meant. */
export type KeyPath = readonly (string | number)[];

/** One thing that is wrong with a configuration. Never holds a value that came from the environment. */
export interface Problem extends Place {
  readonly severity: 'error' | 'warning';
  /** The key path, such as `models.qwen.ttl`; '' for the file as a whole. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly hint: string;
}

/** A configuration that cannot be used. `problems` lists everything found, warnings included. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`The configuration cannot be used:\n${formatProblems(problems)}`);
    this.problems = problems;
  }
}

/** Collects what the stages find, so that every problem is reported and not just the first. */
export class ProblemLog {
  readonly #problems: Problem[] = [];
  readonly #pathsWithErrors = new Set<string>();

  error(place: Place, path: KeyPath, message: string, hint: string): void {
    const text = formatPath(path);
    this.#pathsWithErrors.add(text);
    this.#problems.push({ severity: 'error', ...place, path: text, message, hint });
  }

  warning(place: Place, path: KeyPath, message: string, hint: string): void {
    this.#problems.push({ severity: 'warning', ...place, path: formatPath(path), message, hint });
  }

  /** Asked before an error that may only follow from an earlier one. */
  hasErrorAt(path: KeyPath): boolean {
    return this.#pathsWithErrors.has(formatPath(path));
  }

  get hasErrors(): boolean {
    return this.#pathsWithErrors.size > 0;
  }

  get errorCount(): number {
    return this.#problems.filter(({ severity }) => severity === 'error').length;
  }

  /** In the order of the source, without repetitions (a YAML anchor is walked once for each use). */
  get all(): readonly Problem[] {
    const unique = new Map(this.#problems.map((problem) => [JSON.stringify(problem), problem]));
    return [...unique.values()].sort(
      (a, b) =>
        compare(a.file, b.file) ||
        (a.line ?? 0) - (b.line ?? 0) ||
        (a.column ?? 0) - (b.column ?? 0) ||
        compare(a.severity, b.severity),
    );
  }
}

/**
 * One line per problem: `config.yaml:12:5: error: models.qwen.ttl: what is wrong; what would be right`. Line and column
 * are left out for a configuration that is an object.
 */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

/** `models.qwen.env[1]`; a key that would be hard to read in that form is quoted: `models["a b"]`. */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[\w:/@-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

function formatProblem({ file, line, column, severity, path, message, hint }: Problem): string {
  const where = line === null ? file : `${file}:${line}:${column}`;
  const what = [path, message].filter((part) => part !== '').join(': ');
  return `${where}: ${severity}: ${what}${hint === '' ? '' : `; ${hint}`}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
