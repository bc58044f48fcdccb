import { CORE_SCHEMA, NOT_RESOLVED, mergeTag, type ScalarTagDefinition } from 'js-yaml';

export type ScalarValue = string | number | boolean | null;

const MERGE = 'tag:yaml.org,2002:merge';

const SCALAR_TAGS = CORE_SCHEMA.withTags(mergeTag).tags.filter(
  (tag): tag is ScalarTagDefinition => tag.nodeKind === 'scalar' && tag.tagName !== MERGE,
);
const IMPLICIT_TAGS = SCALAR_TAGS.filter((tag) => tag.implicit);

/** The value of an unquoted YAML 1.2 scalar: null, a boolean, a number, or else the text itself. */
export function resolvePlain(text: string): ScalarValue {
  const trimmed = text.trim();
  for (const tag of IMPLICIT_TAGS) {
    const value: unknown = tag.resolve(trimmed, false, tag.tagName);
    if (value !== NOT_RESOLVED) return value as ScalarValue;
  }
  return text;
}

/**
 * The value of a scalar with an explicit tag, such as `!!str 1.10`.
 *
 * @param tagName in full, such as `tag:yaml.org,2002:str`
 * @returns undefined when there is no such tag or the text does not fit it
 */
export function resolveTagged(text: string, tagName: string): ScalarValue | undefined {
  const tag = SCALAR_TAGS.find((candidate) => candidate.tagName === tagName);
  const value: unknown = tag ? tag.resolve(text, true, tagName) : NOT_RESOLVED;
  return value === NOT_RESOLVED ? undefined : (value as ScalarValue);
}
