import type { ModelCommand, ModelReport } from '../model/types.ts';
import type { ProfileCommand } from '../profile/types.ts';
import {
  modelActorId,
  type ModelActorId,
  type ModelId,
  type ProfileActorId,
  type ProfileId,
  type UnitId,
} from '../shared/ids.ts';
import type { SwapEvent, SwapInput } from '../swap/types.ts';
import type { Announcement } from './types.ts';

/** What a decision asks for. Plain data, so that a decision can be tested without an actor. */
export type Effect =
  | { kind: 'announce'; announcement: Announcement }
  | { kind: 'tellModel'; model: ModelId; command: ModelCommand }
  | { kind: 'tellProfile'; profile: ProfileId; message: ProfileCommand | ModelReport }
  | { kind: 'tellSwap'; swap: number; message: SwapEvent }
  | { kind: 'beginSwap'; input: SwapInput }
  | { kind: 'endSwap'; swap: number }
  | { kind: 'spawnModel'; model: ModelId }
  | { kind: 'spawnProfile'; profile: ProfileId }
  /** Ends the actor; its process, if it had one, is gone. */
  | { kind: 'dismiss'; address: ModelActorId | ProfileActorId }
  | { kind: 'armOverdue'; unit: UnitId; delayMs: number }
  | { kind: 'disarmOverdue'; unit: UnitId };

/** Another actor for a model without a process: one that knows nothing of former failures. */
export function startOver(model: ModelId): Effect[] {
  return [
    { kind: 'dismiss', address: modelActorId(model) },
    { kind: 'spawnModel', model },
  ];
}
