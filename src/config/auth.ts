import { allowedModels, type AllowableNames } from './allowed-models.ts';
import type { KeyInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { child, isNull, type Node } from './tree.ts';
import type { AuthConfig, KeyConfig } from './types.ts';

type Item = string | Partial<KeyInput<never>>;

const HINT = 'set it to a key; take the item out if nobody is to use it';
const MANY_LETTERS = 6;
/** Would break or forge a line of the log. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * The keys of clients. Whatever would leave fewer keys than the file has, or more to a key than is written, is an error:
 * without any key everybody may use the gateway. No problem shows a key.
 */
export function authConfig(items: readonly Item[], tree: Node, names: AllowableNames, report: Report): AuthConfig {
  const node = child(tree, 'apiKeys');
  if (node?.kind === 'scalar' && isNull(node) && node.shown.includes('${')) {
    report.error(['apiKeys'], 'must be a list, and is empty', 'write one key per item');
  }
  const keys = new Map<string, { readonly index: number; readonly config: KeyConfig }>();
  items.forEach((item, index) => {
    const path = ['apiKeys', index];
    const itemNode = node?.kind === 'list' ? node.items[index] : undefined;
    const config = typeof item === 'string' ? plainKey(item) : scopedKey(item, itemNode, index, names, report);
    const place = typeof item === 'string' ? path : [...path, 'key'];
    // A missing one has been reported.
    if (config === null || !checkKey(config.key, isNull(itemNode), place, report)) return;
    const same = keys.get(config.key);
    if (same === undefined) keys.set(config.key, { index, config });
    else if (config.name !== null || same.config.name !== null) {
      report.error(place, `is the same key as apiKeys[${same.index}]`, 'write each key once');
    }
  });
  checkNames([...keys.values()], items, report);
  return { keys: [...keys.values()].map(({ config }) => config) };
}

function plainKey(key: string): KeyConfig {
  return { key, name: null, allowed: null, isAdmin: true, concurrencyLimit: null };
}

function scopedKey(
  raw: Partial<KeyInput<never>>,
  node: Node | undefined,
  index: number,
  names: AllowableNames,
  report: Report,
): KeyConfig | null {
  const { key, models, concurrencyLimit = 0 } = raw;
  const path: KeyPath = ['apiKeys', index, 'models'];
  // Elsewhere a key without a value counts as not given; here that would be all models.
  if (isNull(child(node, 'models'))) {
    report.error(path, 'is empty', 'list what it may be used for, or [] for nothing; take it out for all models');
  }
  const allowed = models === undefined ? null : allowedModels(models, path, names, report);
  if (key === undefined) return null;
  return {
    key,
    name: raw.name?.trim() || `key-${index + 1}`,
    allowed,
    isAdmin: raw.admin ?? allowed === null,
    concurrencyLimit: concurrencyLimit > 0 ? concurrencyLimit : null,
  };
}

function checkKey(key: string, isUnwritten: boolean, path: KeyPath, report: Report): boolean {
  if (key === '' || isUnwritten) report.error(path, 'is empty', HINT);
  else if (key.includes(' ')) report.error(path, 'holds a space', 'a key is one word: take the space out');
  else return true;
  return false;
}

/** A key of a few letters may be in any word. */
function holds(name: string, key: string): boolean {
  return name === key || (key.length >= MANY_LETTERS && name.includes(key));
}

function checkNames(
  keys: readonly { readonly index: number; readonly config: KeyConfig }[],
  items: readonly Item[],
  report: Report,
): void {
  const taken = new Set<string>();
  for (const { index, config } of keys) {
    const { key, name } = config;
    if (name === null) continue;
    const item = items[index];
    const isGiven = typeof item === 'object' && item.name?.trim() === name;
    const path: KeyPath = isGiven ? ['apiKeys', index, 'name'] : ['apiKeys', index];
    if (isGiven && holds(name, key))
      report.error(path, 'holds the key, which must not be shown', 'choose another name');
    else if (UNPRINTABLE.test(name)) report.error(path, 'holds a character that cannot be printed', 'take it out');
    else if (taken.has(name)) {
      const shown = isGiven ? report.shown(path) : name;
      report.error(path, `another key has the name "${shown}"`, 'give each key a name of its own');
    }
    taken.add(name);
  }
}
