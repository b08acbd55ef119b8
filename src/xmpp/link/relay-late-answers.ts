import type { LateAnswers, LinkName, TakenAnswer } from '../../store/late-answers/contract.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Link } from './link.ts';

/** Milliseconds between two looks: an XMPP server waits half a minute for an answer. */
const lookEveryMs = 1_000;

export interface RelayOptions {
  readonly links: readonly Pick<Link, 'service' | 'domain' | 'status' | 'send'>[];
  readonly lateAnswers: Pick<LateAnswers, 'take' | 'putBack'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'lateAnswers'>;
}

/**
 * Sends answers that other processes handed over, on links of this one, looking for them once a second while any link is up.
 * An answer that is taken is sent once, or put back if its link has gone down since; if this process dies in between, the
 * answer is lost.
 * @returns what ends it; resolves when nothing that was taken is on its way any more
 */
export function relayLateAnswers({ links, lateAnswers, clock, metrics }: RelayOptions): () => Promise<void> {
  for (const { domain } of links) {
    for (const result of ['handed-over', 'sent', 'expired', 'dropped']) {
      metrics.lateAnswers.inc({ link: domain, result }, 0);
    }
  }
  let looking = Promise.resolve();
  let isStopped = false;
  let cancel = clock.after(lookEveryMs, next);

  function next(): void {
    looking = look();
    void looking.then(() => {
      if (!isStopped) cancel = clock.after(lookEveryMs, next);
    });
  }

  async function look(): Promise<void> {
    const names = new Map<string, LinkName>();
    for (const { service, domain, status } of links) {
      if (status.kind === 'online') names.set(`${service} ${domain}`, { service, domain });
    }
    if (names.size === 0) return;
    const taken = await lateAnswers.take([...names.values()]);
    lateAnswers.putBack(taken.filter((answer) => !send(answer)));
  }

  function send({ service, domain, xml }: TakenAnswer): boolean {
    const isSent = links.some((link) => link.service === service && link.domain === domain && link.send(xml));
    if (isSent) metrics.lateAnswers.inc({ link: domain, result: 'sent' });
    return isSent;
  }

  return () => {
    isStopped = true;
    cancel();
    return looking;
  };
}
