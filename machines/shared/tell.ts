import type { AnyActorRef, EventObject } from 'xstate';

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
export function tell<Message extends EventObject>(
  enqueue: Mailer,
  system: AddressBook,
  address: string,
  event: Message,
): void {
  const actor = system.get(address);
  if (actor) enqueue.sendTo(actor, event);
}
