/** What a peer says about one of its models. Nothing in it is longer or deeper than a list of models may be. */
export interface PeerRecord {
  /** As far as the peer tells. */
  readonly isLoaded: boolean;
  /** What it can do, in the words in which it is asked for. */
  readonly details: PeerDetails;
  /** Numbers and the like that servers put into `meta`. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** What people wrote about the model in the configuration of a llama-swap. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface PeerDetails {
  readonly description?: string;
  readonly architecture?: {
    readonly input_modalities?: readonly string[];
    readonly output_modalities?: readonly string[];
    readonly modality?: string;
  };
  /** Only what it can; empty is left out. */
  readonly capabilities?: Readonly<Record<string, true>>;
  readonly supported_parameters?: readonly string[];
  /** In tokens. */
  readonly context_length?: number;
}

/** The list of a peer, read. */
export interface PeerList {
  /** By every name that the peer answers to, aliases included. */
  readonly records: ReadonlyMap<string, PeerRecord>;
  /** The names of the models that are the peer's own, in its order. */
  readonly own: readonly string[];
}
