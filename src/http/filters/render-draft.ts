import type { Draft, Slot, Step } from './draft.ts';
import { COMMA } from '../body/json-bytes.ts';
import { Pieces } from './pieces.ts';
import { stringText } from './value-text.ts';

type EditInside = (value: Buffer, steps: readonly Step[]) => readonly Buffer[];

/**
 * The text of a draft. What nobody changed is a stretch of the source, byte for byte. A member that goes takes its comma
 * with it, the one before it or, for the first, the one behind it; new members stand right before the closing bracket,
 * and then white space around the container goes.
 */
export function renderDraft(draft: Draft, edit: EditInside): readonly Buffer[] {
  const { source, open, slots, end } = draft;
  const added = slots.filter((slot) => slot.place === null && !slot.gone);
  const pieces = new Pieces(source);
  pieces.keep(added.length > 0 ? open : 0, open + 1);
  let at = afterLeadingGone(draft, pieces);
  for (const slot of slots) {
    const { place } = slot;
    if (place === null || place.start < at) continue;
    if (slot.gone) {
      pieces.keep(at, place.start - 1);
      at = place.valueEnd;
    } else if (slot.content !== null || slot.steps.length > 0) {
      pieces.keep(at, place.valueStart);
      pieces.put(edit(slot.content ?? source.subarray(place.valueStart, place.valueEnd), slot.steps));
      at = place.valueEnd;
    }
  }
  if (added.length === 0 || end === null) {
    pieces.keep(at, source.length);
  } else {
    pieces.keep(at, end.close);
    const empty = end.count === slots.filter((slot) => slot.place !== null && slot.gone).length;
    for (const [index, slot] of added.entries()) {
      pieces.put([Buffer.from(`${empty && index === 0 ? '' : ','}${label(slot)}`), ...edit(content(slot), slot.steps)]);
    }
    pieces.keep(end.close, end.close + 1);
  }
  return pieces.finish();
}

/** Leaves out the members at the very front that go, and says where to read on. */
function afterLeadingGone({ source, open, isObject, slots }: Draft, pieces: Pieces): number {
  let at = open + 1;
  for (const [index, { place, gone }] of slots.entries()) {
    if (place === null || !gone || place.ordinal !== index) return at;
    if (index === 0 && !isObject) pieces.keep(at, place.valueStart);
    at = source[place.separator] === COMMA ? place.separator + 1 : place.valueEnd;
  }
  return at;
}

function label({ name }: Slot): string {
  return name === null ? '' : `${stringText(name)}:`;
}

function content(slot: Slot): Buffer {
  return slot.content ?? Buffer.from('null');
}
