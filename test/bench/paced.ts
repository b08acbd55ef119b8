/** Load at a steady rate: so many publishes per second, however long their answers take. */
import type { Acceptor } from '../../src/harness/server/acceptor.ts';
import type { ComponentConnection } from '../../src/harness/server/acceptor-connection.ts';
import type { BlastReport } from '../../src/harness/server/blast.ts';
import { answerWord, attribute, readAnswer } from '../../src/harness/server/stanza.ts';
import type { Clock } from '../../src/time/clock.ts';

export interface PacedOptions {
  readonly acceptor: Pick<Acceptor, 'onAnswer'>;
  readonly connection: Pick<ComponentConnection, 'send'>;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly count: number;
  readonly perSecond: number;
  /** Writes the stanza number `index` with the given id. */
  readonly write: (index: number, id: string) => string;
  readonly idPrefix: string;
  /** Milliseconds to wait for the answers to the last publishes. */
  readonly answerWithinMs: number;
}

/** Milliseconds between two looks at the clock; what is due by then goes out together. */
const tickMs = 1;

/** Resolves when all are answered, or `answerWithinMs` after the last was sent. */
export function sendPaced(options: PacedOptions): Promise<BlastReport> {
  const { acceptor, connection, clock, count, perSecond, write, answerWithinMs } = options;
  const prefix = `${options.idPrefix}-`;
  const sentAtMs = new Float64Array(count);
  const latenciesMs = new Float64Array(count).fill(Number.NaN);
  const answers = new Map<string, number>();
  const startedAtMs = clock.monotonic();
  let lastAnswerAtMs = startedAtMs;
  let sent = 0;
  let answered = 0;

  return new Promise((resolve) => {
    let cancel = () => {};
    const untap = acceptor.onAnswer((stanza) => {
      const id = attribute(stanza, 'id');
      if (!id?.startsWith(prefix)) return false;
      const index = Number(id.slice(prefix.length));
      if (!(index < sent) || !Number.isNaN(latenciesMs[index] ?? 0)) return false;
      lastAnswerAtMs = clock.monotonic();
      latenciesMs[index] = lastAnswerAtMs - (sentAtMs[index] ?? 0);
      const word = answerWord(readAnswer(stanza));
      answers.set(word, (answers.get(word) ?? 0) + 1);
      answered += 1;
      if (answered === count) finish();
      return true;
    });

    function tick(): void {
      const now = clock.monotonic();
      const due = Math.min(count, 1 + Math.floor(((now - startedAtMs) / 1000) * perSecond));
      let xml = '';
      for (; sent < due; sent += 1) {
        sentAtMs[sent] = now;
        xml += write(sent, prefix + sent);
      }
      if (xml) connection.send(xml);
      cancel = sent < count ? clock.after(tickMs, tick) : clock.after(answerWithinMs, finish);
    }

    function finish(): void {
      cancel();
      untap();
      resolve({ durationMs: lastAnswerAtMs - startedAtMs, latenciesMs, answers, unanswered: count - answered });
    }

    tick();
  });
}
