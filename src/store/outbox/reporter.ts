import type { Clock } from '../../time/clock.ts';
import { errorCode, type Log, throttle } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { OutboxState } from './contract.ts';
import type { BatchReply, Incident, Opening } from './worker-protocol.ts';

const logEveryMs = 60_000;

const hints: Readonly<Record<string, string>> = {
  locked:
    'Another process has the file open: an old Sealpost or a database shell. End it; the outbox then continues by itself.',
  'disk-full': 'Make room on the disk; the outbox then continues by itself. What was stored is still there.',
};
const otherHint = 'Check the disk and the permissions of the file; the outbox then continues by itself.';

export interface ReporterOptions {
  /** Path of the outbox file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'dropped'>;
}

/** Reports what the thread announces to the log and the metrics, and keeps the state. */
export function createReporter({ path, clock, log, metrics }: ReporterOptions) {
  let state: OutboxState = { kind: 'working' };
  const mayLog = throttle(logEveryMs, clock);
  let isLogged = false;

  function enter(next: OutboxState): void {
    state = next;
    if (next.kind === 'working') {
      if (isLogged) log.info({ file: path }, 'the outbox stores pushes again');
      isLogged = false;
      return;
    }
    if (!mayLog()) return;
    isLogged = true;
    const { reason } = next;
    const hint = hints[reason] ?? otherHint;
    log.error({ file: path, reason, hint }, 'the outbox stores nothing: pushes that cannot be sent are refused');
  }

  function tell(incident: Incident): void {
    if (incident.kind === 'moved') {
      const hint = 'To have its pushes delivered, stop Sealpost and put the file back in its place.';
      log.error({ file: path, hint }, 'the file of the outbox was moved or deleted while in use; it starts empty');
      return;
    }
    const { keptAs, saved } = incident;
    const hint = 'Check the disk. `sqlite3 FILE .recover` may find more in the old file; delete it when done.';
    log.error(
      { file: keptAs, count: saved, hint },
      'the file of the outbox was damaged and renamed; the new one contains the pushes that could be read',
    );
  }

  return {
    get state() {
      return state;
    },
    heard(reply: BatchReply | Opening): void {
      if (reply.kind === 'refused') {
        enter({ kind: 'failing', reason: 'refused' });
        return;
      }
      for (const incident of reply.incidents) tell(incident);
      enter(reply.state);
      if (reply.kind !== 'batch') return;
      for (const { app, cause, count } of reply.dropped) metrics.dropped.inc({ app, cause }, count);
    },
    died(error: unknown): void {
      enter({ kind: 'failing', reason: 'thread-died' });
      log.error({ reason: errorCode(error) }, 'the thread of the outbox died and is restarted');
    },
    unreadable(app: string): void {
      metrics.dropped.inc({ app, cause: 'outbox-unreadable' });
    },
  };
}
