/**
 * Requests under way on one connection: each gets one reply, in time, on the connection that it came by or not at all.
 */
import { type Answer, answers } from '../../core/answers.ts';
import type { Clock } from '../../time/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import { errorCode } from '../../telemetry/log.ts';
import { detach, type Element, textBytes } from '../stream/element.ts';
import {
  type Envelope,
  type IqReply,
  renderReply,
  type Sorted,
  sortStanza,
  type StanzaHandler,
} from '../services/iq.ts';

export interface RequestsOptions {
  readonly domain: string;
  readonly handle: StanzaHandler;
  readonly clock: Clock;
  /** A request that takes longer is answered for its handler. */
  readonly answerMs: number;
  readonly log: Log;
  /** Puts a reply on its way. */
  reply(xml: string): void;
  /** A reply left; fewer are under way. */
  settled(): void;
  /** A stanza was refused before it was understood. */
  rejected(reason: 'malformed' | 'unanswerable'): void;
}

export interface Requests {
  /** Requests that are not answered yet. */
  readonly underWay: number;
  /** Memory that their texts take at most. */
  readonly underWayBytes: number;
  receive(stanza: Element): void;
  /** Answers what could not be read, if its start tag says whom. */
  refuse(head: Element): void;
  /** Answers what has been under way for too long; to be called about once a second. */
  expire(): void;
  /** From now on requests are answered with "not now". */
  refuseNew(): void;
  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void>;
  /** Answers for every handler that is still at it. */
  giveUp(): void;
}

type Request = Extract<Sorted, { kind: 'request' }>;

interface UnderWay {
  readonly envelope: Envelope;
  readonly bytes: number;
  readonly untilMs: number;
}

const NOT_NOW: IqReply = replyOf(answers['timed-out']);
const NOT_UNDERSTOOD: IqReply = replyOf(answers.malformed);

function replyOf(answer: Answer): IqReply {
  return answer === 'result' ? { kind: 'result' } : { kind: 'error', error: answer };
}

export function createRequests(options: RequestsOptions): Requests {
  const { domain, handle, clock, answerMs, log } = options;
  /** In order of arrival, and so of expiry. */
  const underWay = new Set<UnderWay>();
  let underWayBytes = 0;
  let refusing = false;
  let idle = Promise.withResolvers<void>();

  function settle(entry: UnderWay, reply: IqReply): void {
    if (!underWay.delete(entry)) return;
    underWayBytes -= entry.bytes;
    options.reply(renderReply(entry.envelope, reply));
    options.settled();
    if (underWay.size === 0) idle.resolve();
  }

  function failed(error: unknown): IqReply {
    log.error({ link: domain, reason: errorCode(error) }, 'a request could not be handled');
    return NOT_NOW;
  }

  function wait({ iq, envelope }: Request, reply: Promise<IqReply>): void {
    if (underWay.size === 0) idle = Promise.withResolvers();
    // What its handler keeps of it is not known, but is no more than all of its texts, and the sender once more.
    const bytes = textBytes(iq.payload) + 2 * (envelope.length + iq.from.length);
    const entry = { envelope: detach(envelope), bytes, untilMs: clock.monotonic() + answerMs };
    underWay.add(entry);
    underWayBytes += bytes;
    reply.then(
      (ready) => settle(entry, ready),
      (error: unknown) => settle(entry, failed(error)),
    );
  }

  function request(sorted: Request): void {
    const { iq, envelope } = sorted;
    if (refusing) {
      options.reply(renderReply(envelope, NOT_NOW));
      return;
    }
    let reply: IqReply | Promise<IqReply>;
    try {
      reply = handle(iq);
    } catch (error) {
      reply = failed(error);
    }
    if (reply instanceof Promise) wait(sorted, reply);
    else options.reply(renderReply(envelope, reply));
  }

  function receive(stanza: Element): void {
    const sorted = sortStanza(stanza, domain);
    switch (sorted.kind) {
      case 'request':
        request(sorted);
        return;
      case 'malformed':
        options.reply(renderReply(sorted.envelope, NOT_UNDERSTOOD));
        options.rejected('malformed');
        return;
      case 'unanswerable':
        options.rejected('unanswerable');
        return;
      case 'ignored':
    }
  }

  return {
    get underWay() {
      return underWay.size;
    },
    get underWayBytes() {
      return underWayBytes;
    },
    receive,
    refuse(head) {
      const sorted = sortStanza(head, domain);
      if (sorted.kind === 'malformed') options.reply(renderReply(sorted.envelope, NOT_UNDERSTOOD));
    },
    expire() {
      const now = clock.monotonic();
      for (const entry of underWay) {
        if (entry.untilMs > now) break;
        log.warn({ link: domain, durationMs: answerMs }, 'a request took too long and was answered for its handler');
        settle(entry, NOT_NOW);
      }
    },
    refuseNew() {
      refusing = true;
    },
    whenIdle: () => (underWay.size === 0 ? Promise.resolve() : idle.promise),
    giveUp() {
      for (const entry of underWay) settle(entry, NOT_NOW);
    },
  };
}
