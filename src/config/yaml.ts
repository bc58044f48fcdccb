import { YAMLException } from 'js-yaml';
import { Composer } from './compose.ts';
import { maskReferences, unmaskReferences } from './env.ts';
import { parseIndented } from './indentation.ts';
import { createPlacer } from './placer.ts';
import type { ProblemLog } from './problems.ts';
import type { Node } from './tree.ts';

/**
 * Parses the first document of a YAML text (YAML 1.2 core with merge keys) into a tree that remembers where everything
 * stands and how it was spelled.
 *
 * @param file name used in problems
 * @returns null when there is no document, or when the syntax is wrong (then `problems` has it)
 */
export function parseYaml(source: string, file: string, problems: ProblemLog): Node | null {
  const placer = createPlacer(source, file);
  let originOf = (offset: number): number => offset;
  try {
    const parsed = parseIndented(maskReferences(source), file);
    ({ originOf } = parsed);
    const originPlacer = { at: (offset: number) => placer.at(originOf(offset)) };
    return new Composer(parsed.text, parsed.events, originPlacer, problems).document();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = placer.at(originOf(error.mark?.position ?? 0));
    problems.error(place, [], `YAML: ${unmaskReferences(error.reason)}`, syntaxHint(source, error.mark?.line ?? 0));
    return null;
  }
}

function syntaxHint(source: string, line: number): string {
  const text = source.split(/\r\n|\n|\r/)[line] ?? '';
  if (/^ *\t/.test(text)) return 'indent with spaces, YAML does not allow tabs there';
  if (/: .*: /.test(text)) return 'put quotes around a value that holds ": "';
  return 'correct the YAML here or just before';
}
