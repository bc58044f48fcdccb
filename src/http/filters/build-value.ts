import { makesArray } from './json-path.ts';
import type { PathPart } from './json-path.ts';
import { stringText } from './value-text.ts';

/** The value with everything around it that a path needs and that is not there yet: `a.1` and `x` → `{"a":[null,x]}`. */
export function buildValue(parts: readonly PathPart[], value: Buffer): Buffer {
  let before = '';
  let after = '';
  for (const part of parts) {
    if (makesArray(part)) {
      before += `[${'null,'.repeat(part.index ?? 0)}`;
      after = `]${after}`;
    } else {
      before += `{${stringText(part.name)}:`;
      after = `}${after}`;
    }
  }
  return Buffer.concat([Buffer.from(before), value, Buffer.from(after)]);
}
