import { createLog, type LeveledLog } from '../../src/telemetry/log.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

/** A silent log and fresh metrics, for tests that check neither. */
export function quietTelemetry(): { log: LeveledLog; metrics: Metrics } {
  return { log: createLog('silent'), metrics: createMetrics('test') };
}

/** A log whose lines can be read. */
export function recordedLog(): { log: LeveledLog; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog('debug', { write: (line) => void lines.push(line) }), lines };
}
