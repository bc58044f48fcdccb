/**
 * The words of a command line as Go's flag package takes them, in the spelling of `parseArgs`: `-config` is `--config`, and
 * what is on or off may be told so (`-watch-config=false` is `--no-watch-config`). `-h` stays, and so do a negative number
 * and a lone dash.
 *
 * @param switches Names of the options that are on or off.
 * @throws Error where such an option is told something else, in words for the user.
 */
export function withOneSpelling(argument: string, switches: readonly string[]): string {
  const long = /^-[a-z][a-z-]/.test(argument) ? `-${argument}` : argument;
  const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/.exec(long) ?? [];
  if (!switches.includes(name)) return long;
  if (TRUE.test(value)) return `--${name}`;
  if (FALSE.test(value)) return `--no-${name}`;
  throw new Error(`--${name} is true or false, not ${JSON.stringify(value)}.`);
}

const TRUE = /^(?:1|t|T|true|True|TRUE)$/;
const FALSE = /^(?:0|f|F|false|False|FALSE)$/;
