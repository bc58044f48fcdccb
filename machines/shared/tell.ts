import type { AnyActorRef, EventObject } from 'xstate';
import type { ModelCommand, ModelReport } from '../model/types.ts';
import type { ProfileCommand, ProfileReport } from '../profile/types.ts';
import type { SwapFinished } from '../swap/types.ts';

/** Everything one actor says to another by address. */
export type Message = ModelCommand | ModelReport | ProfileCommand | ProfileReport | SwapFinished;

interface Mailer {
  sendTo(actor: AnyActorRef, event: EventObject): void;
}

interface AddressBook {
  get(systemId: string): AnyActorRef | undefined;
}

/**
 * Sends an event to an actor by its address, when the macrostep has ended. An address nobody has is passed over: the
 * actor it belonged to is being replaced after a crash, and its owner answers for it.
 */
export function tell(enqueue: Mailer, system: AddressBook, address: string, message: Message): void {
  const actor = system.get(address);
  if (actor) enqueue.sendTo(actor, message);
}
