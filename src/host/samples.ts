/** The machine at one moment, in the names of the API. MB are MiB. */
export interface SystemSample {
  /** RFC 3339, with milliseconds. */
  readonly timestamp: string;
  /** Percent. */
  readonly cpu_util_per_core: readonly number[];
  readonly mem_total_mb: number;
  readonly mem_used_mb: number;
  readonly mem_free_mb: number;
  readonly swap_total_mb: number;
  readonly swap_used_mb: number;
  readonly load_avg_1: number;
  readonly load_avg_5: number;
  readonly load_avg_15: number;
  /** Totals since the machine was started; without the loopback interface. */
  readonly net_io: readonly NetworkCounters[];
}

export interface NetworkCounters {
  readonly name: string;
  readonly bytes_recv: number;
  readonly bytes_sent: number;
}

/** One GPU at one moment; 0 where it does not say. */
export interface GpuReading {
  readonly id: number;
  readonly name: string;
  /** '' where it has none. */
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

/** All GPUs of one tick share its timestamp. */
export interface GpuSample extends GpuReading {
  readonly timestamp: string;
}

/** @returns 0 for what is no number, as `[N/A]`. */
export function numberOrZero(text: string | undefined): number {
  const number = Number.parseFloat(text ?? '');
  return Number.isFinite(number) ? number : 0;
}

/** @returns How much of the whole a part is, in percent. */
export function percentOf(part: number, whole: number): number {
  return whole > 0 ? (part / whole) * 100 : 0;
}
