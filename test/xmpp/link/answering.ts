import assert from 'node:assert/strict';
import type { App } from '../../../src/core/app.ts';
import type { Notification } from '../../../src/core/notification.ts';
import type { Registration, RegistrationMatch, RegistrationRequest } from '../../../src/core/registration.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { createComponent } from '../../../src/xmpp/services/component.ts';
import type { Answer } from '../../../src/core/answers.ts';
import { createRequests } from '../../../src/xmpp/link/requests.ts';
import { manualClock } from '../../support/clock.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { parseStanza } from '../stream/parse-stanza.ts';

export function testApp(app: Partial<App>): App {
  return {
    name: 'siskin',
    provider: 'apns',
    takesSecondToken: app.provider !== 'fcm',
    alertsAreSilent: app.provider === 'fcm',
    ids: ['tigase:messenger:apns:1'],
    conventions: ['tigase'],
    plaintext: 'withhold',
    absentPriority: 'background',
    unimportant: 'carry',
    ttlMs: 1,
    backgroundIntervalMs: 1,
    inFlight: 1,
    ...app,
  };
}

/** An error answer without its `<text/>`, which has to follow the condition (RFC 6120 section 8.3.2). */
export function withoutText(answer: string): string {
  const written =
    /(<error type='\w+'><[\w-]+ xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'\/>)<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>[^<]+<\/text>/;
  assert.match(answer, written);
  return answer.replace(written, '$1');
}

/** A complete component for push.example.org, in which only store and delivery are stubs. */
export interface Answering {
  /** Everything that is sent in answer to this stanza. */
  ask(xml: string): Promise<string>;
  readonly delivered: Notification[];
  readonly registered: RegistrationRequest[];
  readonly unregistered: RegistrationMatch[];
  /** Results of `deliver` and `unregister` from now on. */
  answer: Answer;
  removed: number;
  /** Milliseconds that delivery takes from now on. */
  takesMs: number;
  /** Accounts over their rate limit for commands. */
  readonly exhausted: Set<string>;
  readonly metrics: Metrics;
}

export function startAnswering(apps: readonly App[] = [testApp({})]): Answering {
  const { log, metrics } = quietTelemetry();
  const clock = manualClock(1_526_463_999_190);
  const replies: string[] = [];
  const answering: Answering = {
    delivered: [],
    registered: [],
    unregistered: [],
    answer: 'result',
    removed: 1,
    takesMs: 0,
    exhausted: new Set(),
    metrics,
    async ask(xml) {
      exchange.receive(parseStanza(xml));
      await exchange.whenIdle();
      return replies.splice(0).join('');
    },
  };
  const handle = createComponent({
    domain: 'push.example.org',
    apps,
    version: '1.2.3',
    clock,
    log,
    metrics,
    handlers: {
      deliver(notification) {
        answering.delivered.push(notification);
        clock.advance(answering.takesMs);
        return Promise.resolve(answering.answer);
      },
      register(request) {
        answering.registered.push(request);
        const { withSecret, ...asked } = request;
        const secret = withSecret ? { secret: 'KK4+H5WMfpRG/2zCbuKq6wpX' } : {};
        const registration: Registration = { ...asked, ...secret, node: 'OPAQUE-NODE', registeredAtMs: clock.now() };
        return Promise.resolve(registration);
      },
      unregister(match) {
        answering.unregistered.push(match);
        return Promise.resolve(answering.removed);
      },
      mayCommand: (account) => !answering.exhausted.has(account),
      largestCiphertext: (_app, account) => 3_072 - account.length,
    },
  });
  const exchange = createRequests({
    domain: 'push.example.org',
    handle,
    clock,
    answerMs: 25_000,
    log,
    reply: (xml) => void replies.push(xml),
    finished: () => {},
    rejected: () => {},
  });
  return answering;
}
