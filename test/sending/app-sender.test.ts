import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAppSender, type AppSender } from '../../src/sending/app-sender.ts';
import type { PushResult, Push } from '../../src/core/push.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

const push: Push = {
  id: 'a',
  app: 'siskin',
  node: 'n',
  kind: 'alert',
  account: '',
  content: { kind: 'none' },
  expiresAtMs: 0,
};
const device = { token: 'ab', registeredAtMs: 0 };

/** An app sender whose provider plays back results. */
function playing(outcomes: PushResult[]) {
  const provider = {
    send: () => Promise.resolve(outcomes.shift() ?? { kind: 'accepted' as const }),
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  return createAppSender({
    app: apnsAppOf(),
    connect: () => provider,
    clock: manualClock(),
    random: () => 0.5,
    ...quietTelemetry(),
  });
}

const many = (outcome: PushResult, count = 10) => Array.from({ length: count }, () => outcome);
const unavailable: PushResult = { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' };

/** As many attempts as there are outcomes to come: each must reach the provider. */
async function attemptAll(appSender: AppSender, outcomes: readonly PushResult[]): Promise<void> {
  for (let left = outcomes.length; left > 0; left -= 1) await appSender.attempt(push, device, 15_000);
  assert.equal(outcomes.length, 0, 'the circuit opened too early');
}

test('app sender - a refusal of one device is not returned for others while the circuit is open', async () => {
  const ofOne: PushResult = { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'device' };
  const outcomes = [...many(unavailable, 9), ofOne, unavailable];
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.equal(appSender.circuit.kind, 'open');
  assert.deepEqual(await appSender.attempt(push, device, 15_000), {
    kind: 'retry',
    reason: 'circuit-open',
    scope: 'app',
  });
});

test('app sender - a wrong key is returned for all pushes while the circuit is open', async () => {
  const wrongKey: PushResult = { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' };
  const outcomes = many(wrongKey);
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.deepEqual(await appSender.attempt(push, device, 15_000), wrongKey);
});

test('app sender - a payload that was never sent proves nothing about the provider', async () => {
  const unsent: PushResult = { kind: 'payload-rejected', reason: 'payload-too-large', unsent: true };
  const outcomes = [...many(unavailable, 9), unsent, unavailable];
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.equal(appSender.circuit.kind, 'open');
  assert.equal(appSender.state.kind, 'failing');
});

test('app sender - one busy device does not make the app fail', async () => {
  const outcomes = many({ kind: 'retry', reason: 'TooManyRequests', scope: 'device' });
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.deepEqual([appSender.state, appSender.circuit], [{ kind: 'working' }, { kind: 'closed' }]);
});

test('app sender - while the provider hangs, a push that gets no place within a second is told so, whatever its patience', async () => {
  const clock = manualClock();
  const provider = {
    send: () => new Promise<PushResult>(() => {}),
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const app = apnsAppOf({ inFlight: 2 });
  const appSender = createAppSender({ app, connect: () => provider, clock, random: () => 0.5, ...quietTelemetry() });
  const told: PushResult[] = [];
  for (let i = 0; i < 5; i += 1) void appSender.attempt(push, device, 15_000).then((outcome) => told.push(outcome));
  clock.advance(999);
  await new Promise(setImmediate);
  assert.deepEqual([appSender.free, told], [0, []]);
  clock.advance(1);
  await new Promise(setImmediate);
  assert.deepEqual(
    told,
    Array.from({ length: 3 }, () => ({ kind: 'retry', reason: 'overloaded', scope: 'device' })),
  );
});

test('app sender - a push expires by true time, however far the server’s own clock is ahead of it', async () => {
  const sent: Push[] = [];
  const provider = {
    send(one: Push): Promise<PushResult> {
      sent.push(one);
      return Promise.resolve({ kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const parts = { clock: manualClock(), random: () => 0.5, ...quietTelemetry() };
  const appSender = createAppSender({ app: apnsAppOf(), connect: () => provider, aheadMs: () => 3_600_000, ...parts });
  await appSender.attempt({ ...push, expiresAtMs: 10_000_000 }, device, 15_000);
  await appSender.attempt({ ...push, expiresAtMs: 0 }, device, 15_000);
  assert.deepEqual(
    sent.map(({ expiresAtMs }) => expiresAtMs),
    [6_400_000, 0],
  );
});

test('app sender - fifty unclear results without an accepted push show in the app’s state', async () => {
  const outcomes = many({ kind: 'retry', reason: 'QUOTA_EXCEEDED', scope: 'unclear' }, 50);
  const appSender = playing(outcomes);
  while (outcomes.length > 1) await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'failing', reason: 'QUOTA_EXCEEDED', failures: 50 });
  assert.equal(appSender.circuit.kind, 'closed');
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
});

test('app sender - an attempt takes ten seconds at most, and never longer than there is patience', async () => {
  const clock = manualClock();
  const given: number[] = [];
  const provider = {
    send(_push: Push, _device: object, deadlineMs: number) {
      given.push(deadlineMs);
      return Promise.resolve<PushResult>({ kind: 'accepted' });
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
  for (const patienceMs of [20_000, 10_000, 3_000]) await appSender.attempt(push, device, patienceMs);
  assert.deepEqual(given, [10_000, 10_000, 3_000]);
});

test('app sender - once hurried, attempts under way end now, and later ones within the grace', async () => {
  const clock = manualClock();
  const given: number[] = [];
  const underWay = Promise.withResolvers<PushResult>();
  const provider = {
    send(_push: Push, _device: object, deadlineMs: number) {
      given.push(deadlineMs);
      return given.length === 1 ? underWay.promise : Promise.resolve<PushResult>({ kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    hurry: () => underWay.resolve({ kind: 'retry', reason: 'timeout', scope: 'app' }),
    drain: () => Promise.resolve(),
  };
  const appSender = createAppSender({
    app: apnsAppOf(),
    connect: () => provider,
    clock,
    random: () => 0.5,
    ...quietTelemetry(),
  });
  const first = appSender.attempt(push, device, 15_000);
  clock.advance(1_000);
  appSender.hurry(750);
  assert.deepEqual(await first, { kind: 'retry', reason: 'timeout', scope: 'app' });
  for (const passedMs of [0, 500, 250, 1_000]) {
    clock.advance(passedMs);
    await appSender.attempt(push, device, 15_000);
  }
  assert.deepEqual(given, [10_000, 750, 250, 0, 0]);
});

test('app sender - the fifth failure in a row is trouble, and the next success ends it', async () => {
  const outcomes = [...many(unavailable, 5), { kind: 'accepted' } as const];
  const appSender = playing(outcomes);
  for (let i = 0; i < 4; i += 1) await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'failing', reason: 'ServiceUnavailable', failures: 5 });
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
});

/** An app sender whose provider answers each push when it is told to. */
function holding(inFlight: number) {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const { metrics } = quietTelemetry();
  const sent: { readonly push: Push; readonly answer: (outcome: PushResult) => void }[] = [];
  const provider = {
    send: (given: Push) => new Promise<PushResult>((answer) => void sent.push({ push: given, answer })),
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  let replaceCredentials = () => {};
  const connect = (onReplaced: () => void) => {
    replaceCredentials = onReplaced;
    return provider;
  };
  const appSender = createAppSender({ app: apnsAppOf({ inFlight }), connect, clock, random: () => 0.5, log, metrics });
  const answerAll = async (outcome: PushResult) => {
    for (const { answer } of sent.splice(0)) answer(outcome);
    await new Promise(setImmediate);
  };
  /** One attempt with this result. */
  const tryOnce = async (outcome: PushResult) => {
    const attempt = appSender.attempt(push, device, 15_000);
    await new Promise(setImmediate);
    await answerAll(outcome);
    return attempt;
  };
  return { clock, lines, metrics, appSender, sent, answerAll, tryOnce, replaceCredentials };
}

test('app sender - what is under way is counted, and no longer once it is answered', async () => {
  const { appSender, metrics, answerAll } = holding(5);
  const underWay = async () => (await metrics.inFlight.get()).values[0]?.value;
  const both = [appSender.attempt(push, device, 15_000), appSender.attempt(push, device, 15_000)];
  await new Promise(setImmediate);
  assert.deepEqual([await underWay(), appSender.free], [2, 3]);
  await answerAll({ kind: 'accepted' });
  await Promise.all(both);
  assert.deepEqual([await underWay(), appSender.free], [0, 5]);
});

test('app sender - a call goes before all that waits for a place', async () => {
  const { appSender, sent, answerAll } = holding(1);
  for (const kind of ['alert', 'background', 'alert', 'voip', 'call-alert'] as const)
    void appSender.attempt({ ...push, kind }, device, 15_000);
  const kinds: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    await new Promise(setImmediate);
    assert.equal(sent.length, 1);
    kinds.push(sent[0]?.push.kind ?? '');
    await answerAll({ kind: 'accepted' });
  }
  assert.deepEqual(kinds, ['alert', 'voip', 'call-alert', 'background', 'alert']);
});

test('app sender - that the circuit is open is said once when it begins, and once when it is over', async () => {
  const { lines, clock, tryOnce } = holding(5);
  for (let i = 0; i < 10; i += 1) await tryOnce(unavailable);
  for (let probe = 0; probe < 3; probe += 1) {
    clock.advance(60_000);
    assert.deepEqual(await tryOnce(unavailable), unavailable);
  }
  clock.advance(60_000);
  await tryOnce({ kind: 'accepted' });
  const said = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  const ofCircuit = said.filter((line) => line.startsWith('circuit'));
  assert.deepEqual(ofCircuit, [
    'circuit open: the provider gets probes only for a while',
    'circuit closed: the provider accepts pushes again',
  ]);
});

test('app sender - a circuit that opens again and again is said once a minute', async () => {
  const { lines, clock, tryOnce } = holding(5);
  const outage = async () => {
    for (let i = 0; i < 10; i += 1) await tryOnce(unavailable);
    clock.advance(5_000);
    await tryOnce({ kind: 'accepted' });
  };
  for (let i = 0; i < 12; i += 1) await outage();
  const opened = () => lines.filter((line) => line.includes('circuit open')).length;
  const closed = () => lines.filter((line) => line.includes('circuit closed')).length;
  assert.deepEqual([opened(), closed()], [1, 1]);
  await outage();
  assert.deepEqual([opened(), closed()], [2, 2]);
});

test('app sender - each kind of failure is said at once and then once a minute, and the first success after it', async () => {
  const { appSender, lines, clock, answerAll } = holding(5);
  const tryOnce = async (outcome: PushResult) => {
    const attempt = appSender.attempt(push, device, 15_000);
    await new Promise(setImmediate);
    await answerAll(outcome);
    await attempt;
  };
  const refused: PushResult = { kind: 'retry', reason: 'connection-refused', scope: 'app' };
  const wrongKey: PushResult = { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' };
  for (const outcome of [refused, refused, unavailable, wrongKey, wrongKey, { kind: 'accepted' } as const]) {
    await tryOnce(outcome);
  }
  clock.advance(59_999);
  for (const outcome of [refused, wrongKey, { kind: 'accepted' } as const]) await tryOnce(outcome);
  clock.advance(1);
  for (const outcome of [refused, wrongKey, { kind: 'accepted' } as const]) await tryOnce(outcome);
  const said = lines.flatMap((line) => {
    const { level, reason, msg } = JSON.parse(line) as { level: number; reason?: string; msg: string };
    return level < 30 ? [] : [[reason, msg]];
  });
  const failed = 'a push failed and will be sent again';
  const isWrong = 'the provider refuses us: the configuration is wrong';
  assert.deepEqual(said, [
    ['connection-refused', failed],
    ['ServiceUnavailable', failed],
    ['InvalidProviderToken', isWrong],
    [undefined, 'the provider accepts pushes again'],
    ['connection-refused', failed],
    ['InvalidProviderToken', isWrong],
    [undefined, 'the provider accepts pushes again'],
  ]);
});

test('app sender - a single failure of one busy device is not said', async () => {
  const { appSender, lines, answerAll } = holding(5);
  const attempt = appSender.attempt(push, device, 15_000);
  await new Promise(setImmediate);
  await answerAll({ kind: 'retry', reason: 'TooManyRequests', scope: 'device' });
  await attempt;
  assert.deepEqual(
    lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 30),
    [],
  );
});

test('app sender - a provider that cannot be reached is trouble at the first push, whatever the way', async () => {
  for (const reason of ['untrusted', 'oauth-no-address']) {
    const outcomes: PushResult[] = [{ kind: 'retry', reason, scope: 'app' }];
    const appSender = playing(outcomes);
    await attemptAll(appSender, outcomes);
    assert.deepEqual(appSender.state, { kind: 'failing', reason, failures: 1 });
  }
});

test('app sender - after new credentials nothing is said of the old ones any more, and the next push finds out', async () => {
  const { appSender, sent, answerAll, replaceCredentials } = holding(20);
  const wrongKey: PushResult = { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' };
  for (let i = 0; i < 10; i += 1) void appSender.attempt(push, device, 15_000);
  await new Promise(setImmediate);
  await answerAll(wrongKey);
  assert.deepEqual(appSender.state, { kind: 'misconfigured', reason: 'InvalidProviderToken' });
  assert.deepEqual(await appSender.attempt(push, device, 15_000), wrongKey);
  replaceCredentials();
  assert.deepEqual(appSender.state, { kind: 'working' });
  const probe = appSender.attempt(push, device, 15_000);
  await new Promise(setImmediate);
  assert.equal(sent.length, 1);
  // Beside the probe nobody calls, and nobody knows yet that anything is wrong.
  assert.deepEqual(await appSender.attempt(push, device, 15_000), {
    kind: 'retry',
    reason: 'circuit-open',
    scope: 'app',
  });
  await answerAll({ kind: 'accepted' });
  assert.deepEqual(await probe, { kind: 'accepted' });
});

test('app sender - after new credentials, what the old ones were told of devices is forgotten too', async () => {
  const { appSender, sent, answerAll, replaceCredentials } = holding(100);
  const attemptMany = async (count: number, result: PushResult) => {
    const all = Array.from({ length: count }, () => appSender.attempt(push, device, 15_000));
    await new Promise(setImmediate);
    assert.equal(sent.length, count);
    await answerAll(result);
    await Promise.all(all);
  };
  await attemptMany(1, { kind: 'misconfigured', reason: 'DeviceTokenNotForTopic', scope: 'unclear' });
  assert.deepEqual(appSender.state, { kind: 'misconfigured', reason: 'DeviceTokenNotForTopic' });
  replaceCredentials();
  assert.deepEqual(appSender.state, { kind: 'working' });
  await attemptMany(50, { kind: 'retry', reason: 'QUOTA_EXCEEDED', scope: 'unclear' });
  assert.equal(appSender.state.kind, 'failing');
  replaceCredentials();
  assert.deepEqual(appSender.state, { kind: 'working' });
});
