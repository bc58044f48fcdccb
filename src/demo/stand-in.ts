/** Every chat and completion answer carries it, so that no log of answers can be taken for a real model's. */
export const FINGERPRINT = 'llama-swap-stand-in';

/** A model server that has no model: it shows what a gateway does with one. */
export interface StandIn {
  readonly name: string;
  /** Tokens per second of a streamed answer; 0 = all at once. */
  readonly tokensPerSecond: number;
  /** Until then every request is answered 503, as llama-server does. */
  readonly isLoaded: () => boolean;
}
