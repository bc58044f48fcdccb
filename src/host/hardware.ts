/** What kind of machine this is: the answer of `GET /api/hardware`. null = not known. */
export interface Hardware {
  readonly schema_version: 1;
  /** RFC 3339, UTC. */
  readonly captured_at: string;
  readonly capture: {
    readonly scope: 'inference_host';
    readonly method: 'detected';
    readonly detector: { readonly name: string; readonly version: string };
  };
  readonly architecture: { readonly name: string | null; readonly raw_name: string | null };
  readonly operating_system: OperatingSystem;
  readonly environment: Environment;
  readonly cpu: Cpu;
  readonly memory: { readonly capacity_bytes: number | null };
  readonly accelerators: readonly Accelerator[];
}

export interface OperatingSystem {
  readonly family: string | null;
  readonly name: string | null;
  readonly version: string | null;
  readonly kernel: string | null;
}

export interface Environment {
  readonly kind: 'native' | 'container' | 'virtual_machine' | 'wsl' | 'other' | 'unknown';
  readonly name: string | null;
  readonly version: string | null;
}

export interface Cpu {
  readonly vendor: string | null;
  readonly model: string | null;
  readonly socket_count: number | null;
  readonly physical_core_count: number | null;
  readonly logical_thread_count: number | null;
}

export interface Accelerator {
  readonly index: number;
  readonly kind: 'gpu';
  readonly vendor: string | null;
  readonly model: string | null;
  readonly architecture: string | null;
  readonly memory: {
    readonly kind: 'dedicated' | 'unified' | 'shared_system' | 'unknown';
    readonly capacity_bytes: number | null;
  };
  readonly driver: { readonly name: string; readonly version: string } | null;
  readonly power_limit_watts: number | null;
  /** Only where the system tells it, as macOS does of an Apple GPU. */
  readonly core_count?: number;
}
