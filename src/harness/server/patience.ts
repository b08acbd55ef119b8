/** How long answers are waited for: a component that never answers must not make a run of hundreds of requests take an hour. */
import type { OutgoingIq } from './outgoing-iq.ts';
import type { IqAnswer } from './stanza.ts';

export interface Patience {
  /** Milliseconds to wait for the answer to this request, at most `timeoutMs`. */
  limit(iq: OutgoingIq, timeoutMs: number): number;
  note(iq: OutgoingIq, answer: IqAnswer): void;
}

/** So many requests in a row without an answer: no more is expected. */
const inVain = 12;
/** What is waited from then on, in milliseconds, until an answer comes. */
const hardlyMs = 2_000;

/** Requests of users and publishes of servers are told apart: a component may answer the ones alone. */
export function createPatience(): Patience {
  const silences = new Map<string, number>();
  const kindOf = ({ from, to }: OutgoingIq) => `${to} ${from.includes('@') ? 'user' : 'server'}`;
  return {
    limit: (iq, timeoutMs) => ((silences.get(kindOf(iq)) ?? 0) >= inVain ? Math.min(timeoutMs, hardlyMs) : timeoutMs),
    note(iq, { kind }) {
      silences.set(kindOf(iq), kind === 'silence' ? (silences.get(kindOf(iq)) ?? 0) + 1 : 0);
    },
  };
}
