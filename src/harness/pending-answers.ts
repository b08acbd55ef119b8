import type { Element } from 'ltx';
import { attribute, type IqAnswer, readAnswer } from './stanza.ts';
import type { Clock } from '../clock.ts';

/** IQs that wait for their answer, by id (RFC 6120 section 8.2.3). */
export interface PendingAnswers<Link> {
  /** Never rejects; `silence` after `timeoutMs`. */
  expect(id: string, link: Link, timeoutMs: number): Promise<IqAnswer>;
  /** Whether the stanza answered something. */
  settle(stanza: Element): boolean;
  /** The connection ended: what was asked over it is `disconnected`. */
  abandon(link: Link): void;
}

export function createPendingAnswers<Link>(clock: Clock): PendingAnswers<Link> {
  const waiting = new Map<string, { readonly link: Link; finish(answer: IqAnswer): void }>();
  return {
    expect(id, link, timeoutMs) {
      return new Promise((resolve) => {
        const finish = (answer: IqAnswer) => {
          cancel();
          waiting.delete(id);
          resolve(answer);
        };
        const cancel = clock.after(timeoutMs, () => finish({ kind: 'silence' }));
        waiting.set(id, { link, finish });
      });
    },
    settle(stanza) {
      const found = waiting.get(attribute(stanza, 'id') ?? '');
      found?.finish(readAnswer(stanza));
      return found !== undefined;
    },
    abandon(link) {
      for (const entry of waiting.values()) if (entry.link === link) entry.finish({ kind: 'disconnected' });
    },
  };
}
