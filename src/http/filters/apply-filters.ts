import type { FilterRules } from './filter-rules.ts';
import { editJson } from './json-edit.ts';
import { parsePath } from './json-path.ts';
import { stringText } from './value-text.ts';

export interface FilteredBody {
  /** To be written one after the other; a large body is not copied. */
  readonly pieces: readonly Buffer[];
  /** For `Content-Length`. */
  readonly byteLength: number;
}

/** Smaller bodies are copied into one piece: several small writes would cost more than the copy. */
const COPY_BELOW_BYTES = 64 * 1024;
const MODEL = parsePath('model');

/**
 * A JSON body as its model is to get it: `model` replaced, then parameters removed, then set, then set for the name that
 * was asked for. An empty body stays empty.
 *
 * @param requestedName The name the request asks for, an alias as it came, after profiles and selectors.
 * @param modelName What `model` is to say, or null to leave it as it is.
 * @throws GatewayError `invalid_json` where the text cannot be walked, `internal_error` where a path does not fit the
 *   request.
 */
export function applyFilters(
  body: Buffer,
  filters: FilterRules,
  requestedName: string,
  modelName: string | null = filters.useModelName,
): FilteredBody {
  const rest = filters.editsById.get(requestedName) ?? filters.edits;
  const edits = modelName === null ? rest : [{ path: MODEL, value: Buffer.from(stringText(modelName)) }, ...rest];
  if (edits.length === 0 || body.length === 0) return { pieces: [body], byteLength: body.length };
  const pieces = editJson(body, edits);
  const byteLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { pieces: byteLength < COPY_BELOW_BYTES ? [Buffer.concat(pieces, byteLength)] : pieces, byteLength };
}
