import type { Log } from '../../telemetry/log.ts';
import { throttle } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Database } from '../engine/database.ts';
import type { LateAnswer, LateAnswerLimits, LateAnswers, TakenAnswer } from './contract.ts';
import { count, insert, take } from './statements.ts';

const defaultLimits: LateAnswerLimits = { answers: 10_000, length: 8_192, lifeMs: 30_000, taken: 500 };

const logEveryMs = 60_000;

export interface LateAnswersOptions {
  readonly database: Pick<Database, 'db' | 'isShared' | 'rowsPerStatement' | 'reasonOf'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'lateAnswers'>;
  readonly limits?: Partial<LateAnswerLimits>;
}

/** An answer to be stored. */
interface Waiting extends TakenAnswer {
  /** Whether it was in the store before. */
  readonly isPutBack: boolean;
}

export function createLateAnswers({ database, clock, log, metrics, ...options }: LateAnswersOptions): LateAnswers {
  const { db, isShared, rowsPerStatement, reasonOf } = database;
  const limits = { ...defaultLimits, ...options.limits };
  const mayLog = throttle(logEveryMs, clock);
  const mayLogTaking = throttle(logEveryMs, clock);
  let waiting: Waiting[] = [];
  let storing: Promise<void> | undefined;
  let handedOver = 0;

  function add(answer: Waiting): void {
    if (answer.xml.length > limits.length) return drop([answer], 'too-long');
    if (waiting.length >= limits.answers) return drop([answer], 'full');
    waiting.push(answer);
    storing ??= store().finally(() => (storing = undefined));
  }

  /** Stores what waits, and what comes meanwhile, in batches. */
  async function store(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, rowsPerStatement);
      waiting = waiting.slice(rowsPerStatement);
      await storeBatch(batch);
    }
  }

  async function storeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const room = Math.max(0, limits.answers - (await count(db)));
      const stored = batch.slice(0, room);
      if (stored.length > 0) await insert(db, stored.map(rowOf));
      for (const { domain, isPutBack } of stored) {
        if (isPutBack) continue;
        handedOver += 1;
        metrics.lateAnswers.inc({ link: domain, result: 'handed-over' });
      }
      drop(batch.slice(room), 'full');
    } catch (error) {
      drop(batch, reasonOf(error));
    }
  }

  function drop(answers: readonly LateAnswer[], reason: string): void {
    const [first] = answers;
    if (!first) return;
    for (const { domain } of answers) metrics.lateAnswers.inc({ link: domain, result: 'dropped' });
    if (mayLog()) log.warn({ link: first.domain, reason }, 'answers could not be handed over to another process');
  }

  return {
    handOver: (answer) => add({ ...answer, handedOverAtMs: clock.now(), isPutBack: false }),
    get handedOver() {
      return handedOver;
    },
    async take(links) {
      const expiredAtMs = clock.now() - limits.lifeMs;
      try {
        const rows = await take(db, { links, expiredAtMs, limit: limits.taken }, isShared);
        const isExpired = (atMs: number) => atMs <= expiredAtMs;
        for (const { domain, handed_over_at_ms: atMs } of rows) {
          if (isExpired(atMs)) metrics.lateAnswers.inc({ link: domain, result: 'expired' });
        }
        return rows
          .filter(({ handed_over_at_ms: atMs }) => !isExpired(atMs))
          .map(({ service, domain, handed_over_at_ms: handedOverAtMs, xml }) => ({
            service,
            domain,
            handedOverAtMs,
            xml,
          }));
      } catch (error) {
        if (mayLogTaking()) log.warn({ reason: reasonOf(error) }, 'answers of other processes could not be taken');
        return [];
      }
    },
    putBack(answers) {
      for (const answer of answers) add({ ...answer, isPutBack: true });
    },
    async settle() {
      await storing;
    },
  };
}

function rowOf({ service, domain, handedOverAtMs, xml }: Waiting) {
  return { service, domain, handed_over_at_ms: handedOverAtMs, xml };
}
