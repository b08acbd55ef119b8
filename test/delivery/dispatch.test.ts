import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Push, PushResult } from '../../src/core/push.ts';
import type { Registration } from '../../src/core/registration.ts';
import type { AddressedPush } from '../../src/delivery/addressed-push.ts';
import { noTrace } from '../../src/core/trace.ts';
import { createDispatcher, type DispatcherOptions } from '../../src/delivery/dispatch.ts';
import type { TokenVerdict } from '../../src/guard/contract.ts';
import type { Device } from '../../src/providers/provider.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf, registrationOf } from '../support/registrations.ts';
import { recordedLog, quietTelemetry } from '../support/telemetry.ts';

const romeo = registrationOf({ node: 'n1', token: 'ab', secondToken: 'cd', registeredAtMs: 1_000 });
const believed: TokenVerdict = { kind: 'believed' };

/** A dispatcher between a provider that plays back outcomes and a registry that does as told; `told` is all that it said. */
function setUp(outcomes: PushResult[], verdict: TokenVerdict = believed) {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const told: string[] = [];
  const results: string[] = [];
  const sent: { readonly push: Push; readonly device: Device; readonly deadlineMs: number }[] = [];
  const stored: { fails: boolean; removes: boolean; holds: boolean } = { fails: false, removes: true, holds: false };
  const write = (what: string) => {
    told.push(what);
    return stored.fails ? Promise.reject(new RangeError('n1 is to blame')) : Promise.resolve();
  };
  const registry: DispatcherOptions['registry'] = {
    async remove(node, registeredAtMs, reason) {
      await write(`remove ${node} of ${registeredAtMs}: ${reason}`);
      return stored.removes;
    },
    async restore(registrations) {
      await write(`restore ${registrations.map(({ node }) => node).join()}`);
      return registrations.length;
    },
    dropSecondToken: (node, token) => write(`drop ${token} of ${node}`),
    rememberEnvironment: (node, environment) => write(`${node} is of ${environment}`),
  };
  const guard: DispatcherOptions['guard'] = {
    seePush({ registration, target, came }) {
      told.push(`guard: ${registration.node} ${target} ${came}`);
      return verdict;
    },
    isHolding: () => stored.holds,
  };
  const dispatcher = createDispatcher({
    registry,
    guard,
    onResult({ node }, { kind, ...result }) {
      const reason = 'reason' in result ? ` ${result.reason}` : '';
      if (kind === 'accepted') told.push(`${node} took a push`);
      results.push(`${node} ${kind}${reason}`);
    },
    onRemoved: ({ node }) => void told.push(`${node} was removed`),
    trace: noTrace,
    clock,
    log,
  });
  const provider = {
    send(push: Push, device: Device, deadlineMs: number) {
      sent.push({ push, device, deadlineMs });
      clock.advance(1_000);
      return Promise.resolve(outcomes.shift() ?? ({ kind: 'accepted' } as const));
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const appSender = createAppSender({
    app: apnsAppOf(),
    connect: () => provider,
    clock,
    random: () => 0.5,
    ...quietTelemetry(),
  });
  const dispatch = (given: Partial<Push> = {}, target: AddressedPush['target'] = 'first', registration = romeo) =>
    dispatcher.dispatch(appSender, registration, { push: { ...push, ...given }, target }, 5_000);
  return { clock, lines, told, results, sent, stored, dispatch };
}

const push: Push = {
  id: 'a',
  app: 'siskin',
  node: 'n1',
  kind: 'alert',
  account: 'romeo@example.net',
  content: { kind: 'sealed', ciphertext: 'AAAA', iv: 'BBBB' },
  expiresAtMs: Date.UTC(2027, 0, 1),
};
const dead: PushResult = { kind: 'dead-token', reason: 'Unregistered' };
const refused: PushResult = { kind: 'payload-rejected', reason: 'PayloadTooLarge' };

test('dispatcher - what was accepted shows that device and app fare well', async () => {
  const { told, dispatch, sent } = setUp([]);
  assert.deepEqual(await dispatch(), { kind: 'sent' });
  assert.deepEqual(told, ['n1 took a push', 'guard: n1 first accepted']);
  assert.deepEqual(sent[0]?.device, { token: 'ab', registeredAtMs: 1_000 });
});

test('dispatcher - the result of each attempt is told, of every form of a push', async () => {
  const { results, dispatch } = setUp([refused, { kind: 'retry', reason: 'timeout', scope: 'app' }]);
  await dispatch();
  assert.deepEqual(results, ['n1 payload-rejected PayloadTooLarge', 'n1 retry timeout']);
});

test('dispatcher - an environment is written only where it is news', async () => {
  const { told, dispatch } = setUp([
    { kind: 'accepted', environment: 'sandbox' },
    { kind: 'accepted', environment: 'sandbox' },
    { kind: 'accepted', environment: 'production' },
  ]);
  await dispatch();
  const known: Registration = { ...romeo, environment: 'sandbox' };
  await dispatch({}, 'first', known);
  await dispatch({}, 'first', known);
  const written = told.filter((line) => line.includes(' is of '));
  assert.deepEqual(written, ['n1 is of sandbox', 'n1 is of production']);
});

test('dispatcher - a dead token ends the registration that was found, and whoever has to know is told', async () => {
  const { told, dispatch } = setUp([dead]);
  assert.deepEqual(await dispatch(), { kind: 'gone' });
  assert.deepEqual(told, ['guard: n1 first dead', 'remove n1 of 1000: gone', 'n1 was removed']);
});

test('dispatcher - a device that registered anew meanwhile is not dead, and nobody is told that it is', async () => {
  const { told, dispatch, stored } = setUp([dead]);
  stored.removes = false;
  const dispatched = await dispatch();
  assert.deepEqual([dispatched.kind, 'reason' in dispatched && dispatched.reason], ['retry', 'registered-anew']);
  assert.ok(!told.includes('n1 was removed'));
});

test('dispatcher - a doubtful answer is a doubtful one to the guard, and what it holds back is kept', async () => {
  const held: TokenVerdict = { kind: 'held', toRestore: [registrationOf({ node: 'n0' })] };
  const { told, dispatch } = setUp([{ ...dead, doubtful: true }], held);
  assert.equal((await dispatch()).kind, 'misconfigured');
  assert.deepEqual(told, ['guard: n1 first doubtful', 'restore n0']);
});

test('dispatcher - a dead second token is dropped alone, and the call goes out as an alert', async () => {
  const { told, sent, dispatch } = setUp([dead, dead]);
  assert.deepEqual(await dispatch({ kind: 'voip', expiresAtMs: 0 }, 'second'), { kind: 'gone' });
  // The alert in its place met a dead token as well.
  assert.deepEqual(
    sent.map(({ push: { kind }, device: { token }, deadlineMs }) => [kind, token, deadlineMs]),
    [
      ['voip', 'cd', 5_000],
      ['call-alert', 'ab', 4_000],
    ],
  );
  assert.deepEqual(told, [
    'guard: n1 second dead',
    'drop cd of n1',
    'guard: n1 first dead',
    'remove n1 of 1000: gone',
    'n1 was removed',
  ]);
  const busy = setUp([dead]);
  busy.stored.fails = true;
  assert.deepEqual(await busy.dispatch({ kind: 'voip', expiresAtMs: 0 }, 'second'), { kind: 'sent' });
  assert.match(busy.lines.join(), /"reason":"RangeError","msg":"a registration could not be updated"/);
  assert.doesNotMatch(busy.lines.join(), /n1/);
});

test('dispatcher - a payload that is refused goes out once more without content, and no third time', async () => {
  const { sent, told, dispatch } = setUp([refused, refused]);
  assert.deepEqual(await dispatch(), { kind: 'payload-rejected' });
  assert.deepEqual(
    sent.map(({ push: { content } }) => content.kind),
    ['sealed', 'none'],
  );
  assert.deepEqual(told, ['guard: n1 first accepted', 'guard: n1 first accepted']);
});

test('dispatcher - what could not be restored is tried again after a minute, with whatever push comes back then', async () => {
  const held: TokenVerdict = { kind: 'held', toRestore: [registrationOf({ node: 'n0' })] };
  const { clock, told, stored, dispatch } = setUp([dead], held);
  stored.fails = true;
  await dispatch();
  const restores = () => told.filter((line) => line.startsWith('restore'));
  assert.deepEqual(restores(), ['restore n0']);
  stored.fails = false;
  clock.advance(57_000);
  await dispatch();
  assert.deepEqual(restores(), ['restore n0']);
  clock.advance(2_000);
  await dispatch();
  await dispatch();
  assert.deepEqual(restores(), ['restore n0', 'restore n0']);
});
