/** What became of publishes and pushes, in an operator's words, with what to do. */
import type { Outcome } from '../../core/answers.ts';
import type { PushResult } from '../../core/push.ts';
import type { DeviceRecord } from '../../store/registry/devices.ts';

/** What happened, and what to do about it, if anything. */
export interface Words {
  readonly what: string;
  readonly hint?: string;
}

const outcomes: Readonly<Record<Outcome, Words>> = {
  sent: { what: 'sent, and the provider accepted it' },
  queued: { what: 'queued: the provider did not take it yet, or the device is beyond its rate limit' },
  coalesced: { what: 'another push of the same device stands for it' },
  unimportant: {
    what: 'not sent: it is not to be shown, and the app wants no push for such',
    hint: 'see unimportant of the app',
  },
  'payload-rejected': { what: 'not sent: the provider accepts it in no form', hint: 'look at the result of the push' },
  'not-queued': {
    what: 'refused: it had to wait, and the outbox is full or does not answer',
    hint: 'see outbox in /readyz',
  },
  misconfigured: {
    what: 'refused: the provider refuses us, or the guard holds',
    hint: 'look at the result of the push, and at sealpost guard status',
  },
  'rate-limited': { what: 'refused: its server or account is beyond its rate limit', hint: 'see limits in the config' },
  'unknown-app': { what: 'refused: its app is not in the config', hint: 'put the app back into the config' },
  'store-failed': { what: 'refused: the store failed', hint: 'see store in /readyz' },
  'timed-out': { what: 'not answered in time', hint: 'see the app and the store in /readyz' },
  lost: {
    what: 'refused for now: the registration is not in the store',
    hint: 'the next login of the client brings it back',
  },
  gone: {
    what: 'the provider calls the device token dead',
    hint: 'the user has to open the app, which registers again',
  },
  'unknown-node': {
    what: 'refused: the device was removed, or never was registered',
    hint: 'the user has to open the app, which registers again',
  },
  'wrong-publisher': {
    what: 'refused: whoever published is not the server of the account',
    hint: 'is the account of this device hosted by the server that publishes? A changed domain needs a new registration',
  },
  'wrong-secret': {
    what: 'refused: the publish-options did not carry the secret of the registration',
    hint: 'the client has to enable push again, with the secret that it was given',
  },
  malformed: {
    what: 'refused: the publish holds no valid notification',
    hint: 'compare the version of the module of the XMPP server',
  },
};

/** What an outcome of a publish means; one that a later version wrote stands for itself. */
export function describeOutcome(outcome: string): Words {
  return Object.hasOwn(outcomes, outcome) ? outcomes[outcome as Outcome] : { what: outcome };
}

const openApp = 'the user has to open the app, which registers again';

const retries: Readonly<Record<string, Words>> = {
  overloaded: {
    what: 'not sent yet: too many pushes of this app were under way',
    hint: 'raise inFlight of the app if that lasts',
  },
  'circuit-open': { what: 'not sent yet: the provider fails, and gets probes only', hint: 'see the app in /readyz' },
  'registered-anew': { what: 'sent again: the device registered anew meanwhile' },
};

/**
 * What a push result means.
 * @param result as `DeviceNote.pushed` has it: `accepted`, or a kind and a reason
 * @param hintFor what to do about a `misconfigured` result with a reason
 */
export function describeResult(result: string, hintFor: (reason: string) => string): Words {
  const space = result.indexOf(' ');
  const kind = (space < 0 ? result : result.slice(0, space)) as PushResult['kind'];
  const reason = space < 0 ? '' : result.slice(space + 1);
  switch (kind) {
    case 'accepted':
      return { what: 'the provider accepted it' };
    case 'retry':
      return (
        retries[reason] ?? {
          what: `the provider did not take it (${reason}); it is tried again`,
          hint: 'see the app in /readyz; what waits is sent by itself',
        }
      );
    case 'dead-token':
      return { what: `the provider calls the device token dead (${reason})`, hint: openApp };
    case 'payload-rejected':
      return {
        what: `the provider does not accept this payload (${reason})`,
        hint: 'it was sent again without content',
      };
    case 'misconfigured':
      return { what: `the provider refuses us (${reason})`, hint: hintFor(reason) };
    default:
      return { what: result };
  }
}

type RemovalReason = NonNullable<DeviceRecord['removed']>['reason'];

const removals: Readonly<Record<RemovalReason, string>> = {
  unregistered: 'its client or its service unregistered it',
  gone: 'the provider called its device token dead',
  displaced: 'its account registered too many newer devices',
  revoked: 'an operator removed it',
  forgotten: 'an operator erased its account',
};

/** Why a registration was removed. */
export function describeRemoval(reason: string): string {
  return Object.hasOwn(removals, reason) ? removals[reason as RemovalReason] : reason;
}

const tests: Readonly<Record<string, Words>> = {
  sent: {
    what: 'the provider accepted it',
    hint: 'if the phone shows nothing: its notification settings, its connection, and whether the app is installed there',
  },
  'payload-rejected': { what: 'the provider accepts it in no form' },
  gone: { what: 'the provider calls the device token dead, and the registration was removed', hint: openApp },
  retry: { what: 'the provider did not take it now; a real push would be tried again', hint: 'see the app in /readyz' },
  misconfigured: {
    what: 'the provider refuses us, or the guard holds',
    hint: 'see the reason above, and the app in /readyz',
  },
  'unknown-app': { what: 'nothing was sent: its app is not in the config', hint: 'put the app back into the config' },
  'no-second-token': {
    what: 'nothing was sent: the device has no second token, so that calls reach it as alerts',
    hint: 'send an alert instead',
  },
};

/** What became of a test push; another word is the code of an error. */
export function describeTest(outcome: string): Words {
  if (Object.hasOwn(tests, outcome)) return tests[outcome] ?? { what: outcome };
  return { what: `it could not be sent (${outcome})`, hint: 'see the store in /readyz, and the log' };
}
