import type { IncomingMessage } from 'node:http';
import { applyFilters } from '../filters/apply-filters.ts';
import type { FilterRules } from '../filters/filter-rules.ts';
import { replaceMultipartField } from '../filters/multipart-edit.ts';
import type { LocatedModel } from '../body/locate-model.ts';
import { rewriteBody, rewriteUrl } from '../body/rewrite-body.ts';

/** A change of addressee. */
interface NewAddress {
  /** The name that the request stands for after pins and selectors: `setParamsById` go by it. */
  readonly asked: string;
  /** The name that the upstream is to be told. */
  readonly name: string;
  readonly rules: FilterRules;
}

/** Prefixes that are ours and not the upstream's. */
const OWN_PREFIX = /^\/(?:v|audioapi)(?=\/)/;

/**
 * Makes a request one for another model: `req.url` in place, the body as the pieces that are returned. What nobody asked
 * to change keeps every byte.
 *
 * @throws GatewayError when the body cannot be changed as the filters say.
 */
export function readdress(
  req: IncomingMessage,
  body: Buffer,
  located: LocatedModel,
  { asked, name, rules }: NewAddress,
): readonly Buffer[] {
  const renamed = name !== located.name;
  req.url = (renamed ? rewriteUrl(req.url ?? '/', located, name) : (req.url ?? '/')).replace(OWN_PREFIX, '');
  const type = req.headers['content-type'] ?? '';
  const json = located.place === 'json' || type.includes('application/json');
  if (json && filtersFor(rules, asked)) return applyFilters(body, rules, asked, renameInJson()).pieces;
  if (!renamed) return [body];
  // The name in a query wins over the one in a form; the upstream may read either.
  if (/^multipart\/form-data/i.test(type)) return replaceMultipartField(body, type, 'model', name);
  return rewriteBody(body, located, name);

  function renameInJson(): string | null {
    return renamed && located.place === 'json' ? name : null;
  }
}

function filtersFor({ edits, editsById }: FilterRules, asked: string): boolean {
  return edits.length > 0 || editsById.has(asked);
}
