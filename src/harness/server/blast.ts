/** Load: publishes in great numbers over one component connection, a window of them unanswered at a time. */
import type { Acceptor } from './acceptor.ts';
import type { ComponentConnection } from './acceptor-connection.ts';
import { answerWord, attribute, readAnswer } from './stanza.ts';
import type { Clock } from '../../time/clock.ts';

export interface BlastOptions {
  readonly acceptor: Acceptor;
  readonly connection: ComponentConnection;
  readonly clock: Clock;
  /** How many IQs in all. */
  readonly count: number;
  /** How many may be unanswered. */
  readonly window: number;
  /** Writes the stanza number `index` with the given id; called when it is sent. */
  readonly write: (index: number, id: string) => string;
  /** Gives up when nothing was answered for this time, milliseconds. Default 30,000. */
  readonly stallMs?: number;
  /** Beginning of the ids; must differ between blasts that run at the same time. Default `blast`. */
  readonly idPrefix?: string;
}

export interface BlastReport {
  /** From the first write to the last answer. */
  readonly durationMs: number;
  /** From the write to the answer, in the order of the stanzas; NaN where none came. */
  readonly latenciesMs: Float64Array;
  /** How often each answer came: `result`, `wait/internal-server-error`, … */
  readonly answers: ReadonlyMap<string, number>;
  readonly unanswered: number;
}

/** Resolves when all are answered, the connection closed or nothing came for `stallMs`. */
export function blast(options: BlastOptions): Promise<BlastReport> {
  const { acceptor, connection, clock, count, window } = options;
  const prefix = `${options.idPrefix ?? 'blast'}-`;
  const stallMs = options.stallMs ?? 30_000;
  const sentAtMs = new Float64Array(count);
  const latenciesMs = new Float64Array(count).fill(Number.NaN);
  const answers = new Map<string, number>();
  const startedAtMs = clock.monotonic();
  let sent = 0;
  let answered = 0;
  let lastAnswerAtMs = startedAtMs;
  let refillPlanned = false;

  return new Promise((resolve) => {
    let cancelStall = clock.after(Math.min(1000, stallMs), watchStall);
    const untap = acceptor.onAnswer((stanza) => {
      const id = attribute(stanza, 'id');
      if (!id?.startsWith(prefix)) return false;
      const index = Number(id.slice(prefix.length));
      // A second answer to the same IQ is left to the acceptor, which calls it a stray.
      if (!(index < sent) || !Number.isNaN(latenciesMs[index] ?? 0)) return false;
      lastAnswerAtMs = clock.monotonic();
      latenciesMs[index] = lastAnswerAtMs - (sentAtMs[index] ?? 0);
      answered += 1;
      const word = attribute(stanza, 'type') === 'result' ? 'result' : answerWord(readAnswer(stanza));
      answers.set(word, (answers.get(word) ?? 0) + 1);
      if (answered === count) finish();
      else if (!refillPlanned) {
        refillPlanned = true;
        // All answers of one packet make room together.
        setImmediate(refill);
      }
      return true;
    });

    function refill(): void {
      refillPlanned = false;
      const until = Math.min(count, answered + window);
      const now = clock.monotonic();
      let xml = '';
      for (; sent < until; sent += 1) {
        sentAtMs[sent] = now;
        xml += options.write(sent, prefix + sent);
      }
      if (xml) connection.send(xml);
    }

    function watchStall(): void {
      const quietMs = clock.monotonic() - lastAnswerAtMs;
      if (quietMs >= stallMs || !acceptor.connections.includes(connection)) finish();
      else cancelStall = clock.after(Math.min(1000, stallMs - quietMs), watchStall);
    }

    function finish(): void {
      cancelStall();
      untap();
      resolve({ durationMs: lastAnswerAtMs - startedAtMs, latenciesMs, answers, unanswered: count - answered });
    }

    if (count === 0) finish();
    else refill();
  });
}
