/** The name of a model as the configuration spells it. Never an alias. */
export type ModelId = string;

/** The name of a profile as the configuration spells it. */
export type ProfileId = string;

/** Actor addresses. A unit is what can be asked to become ready: one model, or one profile with all its members. */
export type ModelActorId = `model:${ModelId}`;
export type ProfileActorId = `profile:${ProfileId}`;
export type SwapActorId = `swap:${number}`;
export type UnitId = ModelActorId | ProfileActorId;

export const ORCHESTRATOR_ID = 'orchestrator';

export function modelActorId(id: ModelId): ModelActorId {
  return `model:${id}`;
}

export function profileActorId(id: ProfileId): ProfileActorId {
  return `profile:${id}`;
}

export function swapActorId(number: number): SwapActorId {
  return `swap:${number}`;
}
