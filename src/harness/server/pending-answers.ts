import type { OutgoingIq } from './outgoing-iq.ts';
import type { Element } from 'ltx';
import { attribute, type IqAnswer, readAnswer } from './stanza.ts';
import type { Clock } from '../../time/clock.ts';

/** IQs that wait for their answer: the same id from where they went, to where they came from (RFC 6120 section 8.2.3). */
export interface PendingAnswers<Link> {
  /** Never rejects; `silence` after `timeoutMs`. */
  expect(iq: OutgoingIq, link: Link, timeoutMs: number): Promise<IqAnswer>;
  /** Whether the stanza answered something. */
  settle(stanza: Element): boolean;
  /** Whether something was asked with this id of late. */
  wasAsked(id: string): boolean;
  /**
   * The connection ended: what was asked over it is `disconnected`.
   * @param mayCome whether the answers may still come over another connection: then only what has none in time is
   */
  abandon(link: Link, mayCome: boolean): void;
}

/** Ids of a whole run, so that late answers are told from those that nobody asked for. */
const rememberedIds = 10_000;

interface Waiting<Link> {
  readonly iq: OutgoingIq;
  readonly link: Link;
  /** What it is when no answer has come in time. */
  silence: IqAnswer;
  finish(answer: IqAnswer): void;
}

export function createPendingAnswers<Link>(clock: Clock): PendingAnswers<Link> {
  const asked = new Set<string>();
  const waiting = new Map<string, Waiting<Link>>();
  return {
    expect(iq, link, timeoutMs) {
      asked.add(iq.id);
      for (const oldest of asked) {
        if (asked.size <= rememberedIds) break;
        asked.delete(oldest);
      }
      return new Promise((resolve) => {
        const finish = (answer: IqAnswer) => {
          cancel();
          waiting.delete(iq.id);
          resolve(answer);
        };
        const entry: Waiting<Link> = { iq, link, silence: { kind: 'silence' }, finish };
        const cancel = clock.after(timeoutMs, () => finish(entry.silence));
        waiting.set(iq.id, entry);
      });
    },
    settle(stanza) {
      const found = waiting.get(attribute(stanza, 'id') ?? '');
      if (attribute(stanza, 'from') !== found?.iq.to || attribute(stanza, 'to') !== found?.iq.from) return false;
      found?.finish(readAnswer(stanza));
      return found !== undefined;
    },
    wasAsked: (id) => asked.has(id),
    abandon(link, mayCome) {
      for (const entry of waiting.values()) {
        if (entry.link !== link) continue;
        if (mayCome) entry.silence = { kind: 'disconnected' };
        else entry.finish({ kind: 'disconnected' });
      }
    },
  };
}
