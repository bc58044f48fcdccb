import type { ModelCommand, ModelReport } from '../model/types.ts';
import type { ProfileCommand, ProfileReport } from '../profile/types.ts';
import type { ModelId, ProfileId, SwapActorId, UnitId } from '../shared/ids.ts';
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
  | { kind: 'armOverdue'; unit: UnitId; delayMs: number }
  | { kind: 'disarmOverdue'; unit: UnitId };

export type Report = ModelReport | ProfileReport;

/** An actor that ended with an error, by its address. */
export type CrashedActor = `model:${string}` | `profile:${string}` | SwapActorId;
