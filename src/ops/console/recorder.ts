import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { readFigures } from './figures.ts';
import { createHistory, type HistoryColumns, type HistoryPoint, pointEveryMs } from './history.ts';

/** Keeps the history of the console while the server runs. */
export interface Recorder {
  columns(): HistoryColumns;
  /** Calls this with each new point until the returned function is called. */
  onPoint(hear: (point: HistoryPoint) => void): () => void;
  /** Records nothing more. */
  stop(): void;
}

/** Reads the metrics at once, and then every `pointEveryMs`. */
export function startRecorder({ metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock }): Recorder {
  const history = createHistory();
  const listeners = new Set<(point: HistoryPoint) => void>();
  let cancel = () => {};
  let isStopped = false;

  async function record(): Promise<void> {
    const figures = await readFigures(metrics);
    if (isStopped) return;
    const point = history.add(figures, { wallMs: clock.now(), monotonicMs: clock.monotonic() });
    cancel = clock.after(pointEveryMs, () => void record());
    if (point) for (const hear of listeners) hear(point);
  }

  void record();
  return {
    columns: history.columns,
    onPoint(hear) {
      listeners.add(hear);
      return () => void listeners.delete(hear);
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
