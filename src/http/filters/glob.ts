/** A text with `*` (anything) and `?` (any one character) in it. */
export type Glob = readonly GlobToken[];

interface GlobToken {
  readonly char: string;
  /** The `*` or `?` is meant as a wildcard; all other characters are themselves. */
  readonly wild: boolean;
}

/** A backslash takes its meaning from the character behind it. */
export function parseGlob(text: string): Glob {
  const tokens = text.match(/\\[^]|[^]/gu) ?? [];
  return tokens.map((token) => {
    const char = token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
    return { char, wild: token === '*' || token === '?' };
  });
}

/** Goes back to the last `*` only, so that no key makes it slower than its length times that of the glob. */
export function matchesGlob(glob: Glob, text: string): boolean {
  const chars = Array.from(text);
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const { char, wild } = glob[token] ?? { char: '', wild: false };
    if (wild && char === '*') {
      star = token;
      starAt = at;
      token += 1;
    } else if (wild || char === chars[at]) {
      token += 1;
      at += 1;
    } else if (star !== -1) {
      token = star + 1;
      starAt += 1;
      at = starAt;
    } else {
      return false;
    }
  }
  return glob.slice(token).every(({ char, wild }) => wild && char === '*');
}
