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
  /** The connection ended: what was asked over it is `disconnected`. */
  abandon(link: Link): void;
}

/** Ids of a whole run, so that late answers are told from those that nobody asked for. */
const rememberedIds = 10_000;

export function createPendingAnswers<Link>(clock: Clock): PendingAnswers<Link> {
  const asked = new Set<string>();
  const waiting = new Map<string, { readonly iq: OutgoingIq; readonly link: Link; finish(answer: IqAnswer): void }>();
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
        const cancel = clock.after(timeoutMs, () => finish({ kind: 'silence' }));
        waiting.set(iq.id, { iq, link, finish });
      });
    },
    settle(stanza) {
      const found = waiting.get(attribute(stanza, 'id') ?? '');
      if (attribute(stanza, 'from') !== found?.iq.to || attribute(stanza, 'to') !== found?.iq.from) return false;
      found?.finish(readAnswer(stanza));
      return found !== undefined;
    },
    wasAsked: (id) => asked.has(id),
    abandon(link) {
      for (const entry of waiting.values()) if (entry.link === link) entry.finish({ kind: 'disconnected' });
    },
  };
}
