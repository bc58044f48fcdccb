const HIDDEN = '[redacted]';

/** `--api-key X`, `--hf-token=X`, `API_KEY=X`: the value of anything whose name says that it is secret. */
const SECRET_VALUE =
  /(?<name>(?:^|[\s"'])-{0,2}[\w.-]*(?:api[-_]?key|token|secret|passw(?:or)?d|credential)[\w.-]*)(?<separator>=|\s+)(?<value>"[^"]*"|'[^']*'|[^\s"']+)/gi;

/** Words like `--max-tokens` name a number of tokens, not a token. */
const HARMLESS = /tokens|tokenize|^-{0,2}token-?(?:limit|count)/i;

/** A command line that may be shown: what looks like the value of a secret is taken out. */
export function redactCommand(command: string): string {
  return command.replaceAll(SECRET_VALUE, (whole: string, name: string, separator: string) =>
    HARMLESS.test(name) ? whole : `${name}${separator}${HIDDEN}`,
  );
}
