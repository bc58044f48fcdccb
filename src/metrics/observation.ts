/** One finished request. Unknown token counts are -1, unknown times null; times in milliseconds. */
export interface ObservedRequest {
  /** A configured id, or null when the request was for none: a label must not be what clients invent. */
  readonly model: string | null;
  /** The configured name of the client's key, or null where there is none. */
  readonly key: string | null;
  /** As the upstream sees it, without the query. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  /** From its arrival to the first event of a stream. */
  readonly firstTokenMs: number | null;
  /** What the gateway itself took: neither the wait for the model nor the upstream. */
  readonly overheadMs: number | null;
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    readonly cached: number;
    readonly drafted: number;
    readonly draftAccepted: number;
    readonly tokensPerSecond: number;
  };
}

/** A queue has grown or shrunk. */
export interface ObservedQueue {
  readonly model: string;
  /** How many wait now. */
  readonly waiting: number;
  /** How long the one waited that has just left; absent when one has joined. Milliseconds. */
  readonly waitedMs?: number;
}

/** One actor went from one state to another, as the journal tells it. */
export interface ObservedTransition {
  /** Epoch milliseconds. */
  readonly at: number;
  /** `model:<id>`, `swap:<n>`, `orchestrator`; others are passed over. */
  readonly actor: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
  /** Why a model was told to stop, where it is known. */
  readonly reason?: string | null;
}

/** The last sample of the machine. */
export interface ObservedHost {
  readonly system: ObservedSystem;
  readonly gpus: readonly ObservedGpu[];
}

export interface ObservedSystem {
  readonly cpu_util_per_core: readonly number[];
  readonly mem_total_mb: number;
  readonly mem_used_mb: number;
  readonly mem_free_mb: number;
  readonly swap_total_mb: number;
  readonly swap_used_mb: number;
  readonly load_avg_1: number;
  readonly load_avg_5: number;
  readonly load_avg_15: number;
  readonly net_io: readonly { readonly name: string; readonly bytes_recv: number; readonly bytes_sent: number }[];
}

export interface ObservedGpu {
  readonly id: number;
  readonly name: string;
  readonly uuid: string;
  readonly temp_c: number;
  readonly vram_temp_c: number;
  readonly gpu_util_pct: number;
  readonly mem_util_pct: number;
  readonly mem_used_mb: number;
  readonly mem_total_mb: number;
  readonly fan_speed_pct: number;
  readonly power_draw_w: number;
}
