/** Answers all requests that arrive over XMPP, chosen by the namespace of their payload. */
import { conventions } from '../../conventions/all.ts';
import type { Clock } from '../../time/clock.ts';
import type { App } from '../../core/app.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { TooManyRegistrations } from '../../core/registration.ts';
import { bareJid, domainOf } from '../../core/jid.ts';
import { answerCommand } from './commands.ts';
import { type Answer, answers } from '../../core/answers.ts';
import type { XmppHandlers } from './contract.ts';
import { createDisco } from './disco.ts';
import type { Iq, IqReply, StanzaHandler } from './iq.ts';
import { NS } from '../stream/namespaces.ts';
import { answerPing } from './ping.ts';
import { type ParsedPublish, parsePublish } from './publish.ts';
import { refusePubsub } from './pubsub.ts';
import { answerVersion } from './version.ts';

export interface ComponentOptions {
  /** Domain of the link; a metric label. */
  readonly domain: string;
  /** Their ids and conventions decide which commands and features exist. */
  readonly apps: readonly App[];
  readonly handlers: XmppHandlers;
  /** Version of Sealpost. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Type and name that a request of a namespace needs, and its handler. */
interface Route {
  readonly type: Iq['type'];
  readonly name: string;
  readonly answer: StanzaHandler;
}

const ANSWERS: ReadonlySet<Answer> = new Set(Object.values(answers));

/** A handler of requests whose apps can change. */
export type Component = StanzaHandler & {
  /** From now on these are the apps, for commands and service discovery. */
  readonly setApps: (apps: readonly App[]) => void;
};

/** The handler for a link's requests. */
export function createComponent({ domain, apps, handlers, version, clock, log, metrics }: ComponentOptions): Component {
  let { commands, disco } = offer(apps);

  /** What clients of these apps can find and ask for. */
  function offer(of: readonly App[]) {
    const offered = new Map(conventions.flatMap((one) => [...one.commands({ apps: of, domain, handlers })]));
    const features = new Set(conventions.flatMap((one) => one.features(of)));
    return { commands: offered, disco: createDisco({ features, commands: offered }) };
  }

  for (const answer of ANSWERS) metrics.publishes.inc({ link: domain, answer }, 0);
  metrics.publishDuration.zero({ link: domain });

  function answered(answer: Answer): IqReply {
    metrics.publishes.inc({ link: domain, answer });
    return answer === 'result' ? { kind: 'result' } : { kind: 'error', error: answer };
  }

  function answerPubsub(iq: Iq): IqReply | Promise<IqReply> {
    const parsed = parsePublish(iq.payload, iq.from);
    switch (parsed.kind) {
      case 'notification':
        return deliver(parsed);
      case 'fault':
        log.debug({ link: domain, domain: domainOf(iq.from), reason: parsed.fault }, 'malformed publish');
        return answered(answers.malformed);
      case 'not-a-publish':
        return refuseOtherPubsub(iq);
    }
  }

  function refuseOtherPubsub(iq: Iq): IqReply {
    return { kind: 'error', error: refusePubsub(iq) };
  }

  function runCommand(iq: Iq): IqReply | Promise<IqReply> {
    if (handlers.mayCommand?.(bareJid(iq.from)) === false) {
      metrics.stanzasRejected.inc({ link: domain, reason: 'rate-limited' });
      return { kind: 'error', error: 'too-many-commands' };
    }
    return withinLimits(answerCommand({ commands, clock }, iq));
  }

  async function withinLimits(answering: IqReply | Promise<IqReply>): Promise<IqReply> {
    try {
      return await answering;
    } catch (error) {
      if (error instanceof TooManyRegistrations) return { kind: 'error', error: 'too-many-registrations' };
      throw error;
    }
  }

  // A function of its own, so that the stanza is not kept in memory while the answer is awaited.
  async function deliver({ notification }: Extract<ParsedPublish, { kind: 'notification' }>): Promise<IqReply> {
    const startedAtMs = clock.monotonic();
    const answer = await handlers.deliver(notification, domain);
    metrics.publishDuration.observe({ link: domain }, (clock.monotonic() - startedAtMs) / 1_000);
    return answered(answer);
  }

  const routes = new Map<string, Route>([
    [NS.pubsub, { type: 'set', name: 'pubsub', answer: answerPubsub }],
    [NS.commands, { type: 'set', name: 'command', answer: runCommand }],
    [NS.discoInfo, { type: 'get', name: 'query', answer: (iq) => disco.info(iq) }],
    [NS.discoItems, { type: 'get', name: 'query', answer: (iq) => disco.items(iq) }],
    [NS.ping, { type: 'get', name: 'ping', answer: answerPing }],
    [NS.version, { type: 'get', name: 'query', answer: () => answerVersion(version) }],
  ]);

  const handle: StanzaHandler = (iq) => {
    const { type, payload } = iq;
    const route = routes.get(payload.namespace);
    if (route?.type === type && route.name === payload.name) return route.answer(iq);
    const isPubsub = payload.namespace === NS.pubsub || payload.namespace === NS.pubsubOwner;
    return isPubsub ? refuseOtherPubsub(iq) : { kind: 'error', error: 'service-unavailable' };
  };
  const setApps = (next: readonly App[]) => void ({ commands, disco } = offer(next));
  return Object.assign(handle, { setApps });
}
