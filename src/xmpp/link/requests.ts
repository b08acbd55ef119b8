/** The IQ requests (RFC 6120 section 8.2.3) under way on one connection. Each gets one reply on it, in time. */
import { type Answer, answers } from '../../core/answers.ts';
import type { Clock } from '../../time/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import { detach, type Element, textBytes } from '../stream/element.ts';
import {
  type Envelope,
  type IqReply,
  renderReply,
  type Sorted,
  sortStanza,
  type StanzaHandler,
} from '../services/iq.ts';

/** Settings of `createRequests`, and what it reports to the connection. */
export interface RequestsOptions {
  readonly domain: string;
  readonly handle: StanzaHandler;
  readonly clock: Clock;
  /** Milliseconds after which an error is sent if the handler has not answered. */
  readonly answerMs: number;
  readonly log: Log;
  /** Sends a reply. */
  reply(xml: string): void;
  /** Called after a reply was sent, so fewer requests are under way. */
  finished(): void;
  /** Called when a stanza was refused because it is no valid request. */
  rejected(reason: 'malformed' | 'unanswerable'): void;
}

/** The requests under way on one connection. */
export interface Requests {
  /** Number of requests without a reply. */
  readonly underWay: number;
  /** Most memory that their texts take. */
  readonly underWayBytes: number;
  receive(stanza: Element): void;
  /** Answers a stanza that could not be read, if its start tag has the addresses for it. */
  refuse(head: Element): void;
  /** Answers requests that have been under way for too long. To be called about once a second. */
  expire(): void;
  /** Resolves when no request is under way. */
  whenIdle(): Promise<void>;
  /** Answers every request whose handler has not answered. */
  giveUp(): void;
}

type Request = Extract<Sorted, { kind: 'request' }>;

interface UnderWay {
  readonly envelope: Envelope;
  readonly bytes: number;
  readonly untilMs: number;
}

const TRY_LATER: IqReply = replyOf(answers['timed-out']);
const NOT_UNDERSTOOD: IqReply = replyOf(answers.malformed);

function replyOf(answer: Answer): IqReply {
  return answer === 'result' ? { kind: 'result' } : { kind: 'error', error: answer };
}

export function createRequests(options: RequestsOptions): Requests {
  const { domain, handle, clock, answerMs, log } = options;
  /** In order of arrival, which is the order of expiry. */
  const underWay = new Set<UnderWay>();
  let underWayBytes = 0;
  let idle = Promise.withResolvers<void>();

  function finish(entry: UnderWay, reply: IqReply): void {
    if (!underWay.delete(entry)) return;
    underWayBytes -= entry.bytes;
    options.reply(renderReply(entry.envelope, reply));
    options.finished();
    if (underWay.size === 0) idle.resolve();
  }

  function replyToFailure(error: unknown): IqReply {
    log.error({ link: domain, reason: errorCode(error) }, 'a request could not be handled');
    return TRY_LATER;
  }

  function wait({ iq, envelope }: Request, reply: Promise<IqReply>): void {
    if (underWay.size === 0) idle = Promise.withResolvers();
    // How much the handler keeps of it is unknown, but it is at most all of its texts, and the sender once more.
    const bytes = textBytes(iq.payload) + 2 * (envelope.length + iq.from.length);
    const entry = { envelope: detach(envelope), bytes, untilMs: clock.monotonic() + answerMs };
    underWay.add(entry);
    underWayBytes += bytes;
    reply.then(
      (ready) => finish(entry, ready),
      (error: unknown) => finish(entry, replyToFailure(error)),
    );
  }

  function request(sorted: Request): void {
    const { iq, envelope } = sorted;
    let reply: IqReply | Promise<IqReply>;
    try {
      reply = handle(iq);
    } catch (error) {
      reply = replyToFailure(error);
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
        log.warn({ link: domain, durationMs: answerMs }, 'a request took too long and was answered with an error');
        finish(entry, TRY_LATER);
      }
    },
    whenIdle: () => (underWay.size === 0 ? Promise.resolve() : idle.promise),
    giveUp() {
      for (const entry of underWay) finish(entry, TRY_LATER);
    },
  };
}
