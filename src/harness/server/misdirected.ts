/** Answers that came, but not so that their server takes them for one (RFC 6120 section 8.2.3). */
import type { Acceptor } from './acceptor.ts';
import { attribute } from './stanza.ts';

/** Of a request. */
export interface Addresses {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** What is wrong with an answer to a request to which none came, in words; `undefined`: there is no such answer. */
export function findMisdirected(
  { strayAnswers, unaskedAnswers }: Pick<Acceptor, 'strayAnswers' | 'unaskedAnswers'>,
  { id, from, to }: Addresses,
): string | undefined {
  const stray = strayAnswers.find((stanza) => attribute(stanza, 'id') === id);
  if (stray) {
    const [actualTo, actualFrom] = [attribute(stray, 'to'), attribute(stray, 'from')];
    if (actualTo !== from) return `the answer goes to ${actualTo}, not to ${from}, where the request came from`;
    return `the answer comes from ${actualFrom}, not from ${to}`;
  }
  const isUnasked = unaskedAnswers.some((each) => attribute(each, 'to') === from && attribute(each, 'from') === to);
  return isUnasked ? 'answers come with ids that no request had' : undefined;
}
