import type { Captures } from '../../activity/captures.ts';
import type { ActivityStore } from '../../activity/store.ts';
import type { WaitingList } from '../../dispatch/waiting-list.ts';
import type { HostMonitor } from '../../host/monitor.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { LoadTimes } from '../../observability/load-times.ts';
import type { InFlight } from './in-flight.ts';

/** What has been observed, for the routes that show it. */
export interface ObservationView {
  readonly inFlight: InFlight;
  readonly activity: Pick<ActivityStore, 'query' | 'stats'>;
  readonly captures: Pick<Captures, 'get'>;
  readonly waiting: Pick<WaitingList, 'lines'>;
  readonly loads: Pick<LoadTimes, 'measuredMs'>;
  readonly metrics: Pick<Metrics, 'render'>;
  /** Each entry of the activity, by its id. @returns Ends the subscription. */
  onStored(listener: (id: number) => void): () => void;
  /** null when it is switched off. */
  performance(): Pick<HostMonitor, 'read'> | null;
  /** Detects it at the first call. @returns null when that failed. */
  hardware(): Promise<object | null>;
  readonly version: { readonly version: string; readonly commit: string; readonly build_date: string };
}
