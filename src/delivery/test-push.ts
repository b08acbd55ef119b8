import { conventionOf } from '../conventions/all.ts';
import type { Registration } from '../core/registration.ts';
import type { Route } from '../core/routing.ts';
import type { TraceSink } from '../core/trace.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Clock } from '../time/clock.ts';
import { addressPush } from './addressed-push.ts';
import type { Dispatcher } from './dispatch.ts';
import { routedStep } from './trace-steps.ts';

/** Milliseconds for a test push, all its forms together. */
const testWithinMs = 15_000;

/** Which push an operator wants to see. */
export type TestPushKind = 'alert' | 'background' | 'voip';

/** What became of a test push: what was dispatched, or why nothing was sent. */
export type TestPushOutcome =
  | Awaited<ReturnType<Dispatcher['dispatch']>>['kind']
  /** Its app is not in the config, or its convention is not known to this version. */
  | 'unknown-app'
  /** The device has no second token, which calls go to. */
  | 'no-second-token';

/**
 * Sends one push without content (a call: with content that nobody can open) to a device, through its provider as any other push: what the provider says counts as for
 * any other, a dead token included. Nothing is queued.
 * @throws when the registry fails
 */
export type SendTestPush = (registration: Registration, kind: TestPushKind) => Promise<TestPushOutcome>;

export interface TestPushOptions {
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly trace: TraceSink;
  readonly clock: Pick<Clock, 'now'>;
  /** A version 4 UUID in lower case. */
  readonly randomUuid: () => string;
  readonly randomBytes: (count: number) => Buffer;
}

/** Makes the function that sends test pushes. */
export function createTestPush(options: TestPushOptions): SendTestPush {
  const { appSenders, dispatcher, trace, clock, randomUuid, randomBytes } = options;
  return async (registration, kind) => {
    const appSender = appSenders.get(registration.app);
    const convention = conventionOf(registration);
    if (!appSender || !convention) return 'unknown-app';
    if (kind === 'voip' && registration.secondToken === undefined) return 'no-second-token';
    const route: Route = {
      kind,
      target: kind === 'voip' ? 'second' : 'first',
      // A call is sent with content only. No key opens this one, so that the phone shows an unknown call that ends at once.
      content:
        kind === 'voip'
          ? { kind: 'sealed', ciphertext: randomBytes(66).toString('base64'), iv: randomBytes(12).toString('base64') }
          : { kind: 'none' },
      lifetimeMs: kind === 'voip' ? 0 : testWithinMs,
      coalesce: false,
    };
    if (trace.isActive) trace.add(registration, routedStep(route));
    const addressed = addressPush(route, registration, convention, { id: randomUuid(), leavesAtMs: clock.now() });
    const dispatched = await dispatcher.dispatch(appSender, registration, addressed, testWithinMs);
    return dispatched.kind;
  };
}
