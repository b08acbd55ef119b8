import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Circuit, type CircuitState, createCircuit, type FinishCall } from '../../src/sending/circuit-breaker.ts';
import type { PushResult } from '../../src/core/push.ts';
import { manualClock } from '../support/clock.ts';

const unavailable: PushResult = { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' };
const delivered: PushResult = { kind: 'accepted' };

/** `random` is one half throughout: pauses are 500, 1,000, 2,000 ms and so on. */
function setUp() {
  const clock = manualClock();
  const changes: CircuitState['kind'][] = [];
  const onChange = (state: CircuitState) => void changes.push(state.kind);
  const circuit = createCircuit({ clock, random: () => 0.5, limits: { failures: 3 }, onChange });
  return { clock, circuit, changes };
}

const open = (remainingMs: number, remainingForCallMs = remainingMs, reason = 'ServiceUnavailable') => ({
  kind: 'open',
  reason,
  remainingMs,
  remainingForCallMs,
});

function begin(circuit: Circuit): FinishCall {
  const finish = circuit.begin();
  assert.ok(finish, `a call was not let through: ${JSON.stringify(circuit.state)}`);
  return finish;
}

function call(circuit: Circuit, ...outcomes: PushResult[]): void {
  for (const outcome of outcomes) begin(circuit)(outcome);
}

test('circuit - the third failure in a row opens it, and no call is made', () => {
  const { circuit } = setUp();
  call(circuit, unavailable, unavailable);
  assert.deepEqual(circuit.state, { kind: 'closed' });
  call(circuit, { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
  assert.deepEqual(circuit.state, open(500, 500, 'InvalidProviderToken'));
  assert.equal(circuit.begin(), undefined);
});

test('circuit - failures do not open it if an answer between them proves the credentials', () => {
  const proofs: PushResult[] = [
    delivered,
    { kind: 'dead-token', reason: 'Unregistered' },
    { kind: 'payload-rejected', reason: 'TooBig' },
  ];
  for (const proof of proofs) {
    const { circuit } = setUp();
    call(circuit, unavailable, unavailable, proof, unavailable, unavailable);
    assert.deepEqual(circuit.state, { kind: 'closed' });
  }
});

test('circuit - after the pause one probe is let through, and no second one beside it', () => {
  const { clock, circuit, changes } = setUp();
  call(circuit, unavailable, unavailable, unavailable);
  clock.advance(499);
  assert.equal(circuit.begin(), undefined);
  clock.advance(1);
  const probe = begin(circuit);
  assert.deepEqual(circuit.state, { kind: 'probing', reason: 'ServiceUnavailable' });
  assert.equal(circuit.begin(), undefined);
  probe(delivered);
  assert.deepEqual(circuit.state, { kind: 'closed' });
  call(circuit, unavailable, unavailable);
  assert.deepEqual(changes, ['open', 'probing', 'closed']);
});

test('circuit - pauses between failed probes double up to the cap and start again after a success', () => {
  const { clock, circuit } = setUp();
  const pauses: number[] = [];
  const failAndWait = () => {
    assert.equal(circuit.state.kind, 'open');
    const remainingMs = circuit.state.kind === 'open' ? circuit.state.remainingMs : 0;
    pauses.push(remainingMs);
    clock.advance(remainingMs);
  };
  call(circuit, unavailable, unavailable, unavailable);
  for (let probe = 0; probe < 9; probe += 1) {
    failAndWait();
    call(circuit, unavailable);
  }
  assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  clock.advance(30_000);
  call(circuit, delivered, unavailable, unavailable, unavailable);
  assert.deepEqual(circuit.state, open(500));
});

test('circuit - the longest pause that the provider asked for is kept, up to an hour', () => {
  const { clock, circuit } = setUp();
  call(circuit, { ...unavailable, afterMs: 90_000 }, unavailable, { ...unavailable, afterMs: 5_000 });
  assert.deepEqual(circuit.state, open(90_500));
  clock.advance(90_500);
  call(circuit, { ...unavailable, afterMs: 86_400_000 });
  assert.deepEqual(circuit.state, open(3_601_000));
});

test('circuit - calls that were under way when it opened neither lengthen the pause nor end a probe', () => {
  const { clock, circuit } = setUp();
  const underway = [1, 2, 3, 4, 5, 6].map(() => begin(circuit));
  call(circuit, unavailable, unavailable, unavailable);
  underway[0]?.(unavailable);
  underway[1]?.(unavailable);
  assert.deepEqual(circuit.state, open(500));
  underway[2]?.({ ...unavailable, afterMs: 2_000 });
  assert.deepEqual(circuit.state, open(2_000));
  clock.advance(2_000);
  const probe = begin(circuit);
  underway[3]?.(unavailable);
  assert.equal(circuit.state.kind, 'probing');
  probe(unavailable);
  assert.deepEqual(circuit.state, open(1_000));
  underway[4]?.(delivered);
  underway[5]?.(unavailable);
  assert.deepEqual(circuit.state, { kind: 'closed' });
});

test('circuit - a probe that was not sent makes room for the next at once', () => {
  const { clock, circuit } = setUp();
  call(circuit, unavailable, unavailable, unavailable);
  clock.advance(500);
  begin(circuit)({ kind: 'payload-rejected', reason: 'payload-too-large', unsent: true });
  assert.deepEqual(circuit.state, open(0));
  call(circuit, delivered);
  assert.deepEqual(circuit.state, { kind: 'closed' });
});

test('circuit - a probe without a result for half a minute makes room, and its late failure is ignored', () => {
  const { clock, circuit } = setUp();
  call(circuit, unavailable, unavailable, unavailable);
  clock.advance(500);
  const lost = begin(circuit);
  clock.advance(29_999);
  assert.equal(circuit.begin(), undefined);
  clock.advance(1);
  const next = begin(circuit);
  lost(unavailable);
  assert.equal(circuit.state.kind, 'probing');
  next(delivered);
  next(unavailable);
  assert.deepEqual(circuit.state, { kind: 'closed' });
});

test('circuit - a call is a probe sooner than others, and no sooner than the provider asked for', () => {
  const { clock, circuit } = setUp();
  call(circuit, unavailable, unavailable, unavailable);
  for (let probe = 0; probe < 5; probe += 1) {
    clock.advance(circuit.state.kind === 'open' ? circuit.state.remainingMs : 0);
    call(circuit, unavailable);
  }
  assert.deepEqual(circuit.state, open(16_000, 5_000));
  clock.advance(4_999);
  assert.equal(circuit.begin(true), undefined);
  clock.advance(1);
  assert.equal(circuit.begin(), undefined);
  const probe = circuit.begin(true);
  assert.equal(circuit.begin(true), undefined);
  probe?.({ ...unavailable, afterMs: 40_000 });
  assert.deepEqual(circuit.state, open(70_000, 45_000));
  clock.advance(45_000);
  circuit.begin(true)?.(delivered);
  assert.deepEqual(circuit.state, { kind: 'closed' });
});

test('circuit - results that may concern one device neither open nor close it, however many there are', () => {
  const { clock, circuit } = setUp();
  const ofDevices: PushResult[] = [
    { kind: 'retry', reason: 'QUOTA_EXCEEDED', scope: 'unclear', afterMs: 60_000 },
    { kind: 'retry', reason: 'TooManyRequests', scope: 'device' },
    { kind: 'misconfigured', reason: 'THIRD_PARTY_AUTH_ERROR', scope: 'device' },
    { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'unclear' },
  ];
  for (let i = 0; i < 100; i += 1) call(circuit, ...ofDevices);
  assert.deepEqual([circuit.state, circuit.failures], [{ kind: 'closed' }, 0]);
  call(circuit, unavailable, unavailable, ...ofDevices, unavailable);
  assert.deepEqual(circuit.state, open(500));
  for (const ofDevice of ofDevices) {
    clock.advance(1_000);
    call(circuit, ofDevice);
    // The next probe comes soon, but not at once.
    assert.deepEqual(circuit.state, open(1_000));
  }
});

test('circuit - a call finishes once, and later results of it do not count', () => {
  const { circuit } = setUp();
  const finish = begin(circuit);
  for (let i = 0; i < 5; i += 1) finish(unavailable);
  assert.deepEqual([circuit.state, circuit.failures], [{ kind: 'closed' }, 1]);
  call(circuit, unavailable, unavailable);
  finish({ kind: 'accepted' });
  assert.deepEqual(circuit.state, open(500));
});

test('circuit - what a provider asks for while the circuit is open is obeyed, up to an hour', () => {
  const { circuit } = setUp();
  const late = begin(circuit);
  call(circuit, unavailable, unavailable, unavailable);
  late({ ...unavailable, afterMs: 10 * 365 * 86_400_000 });
  assert.deepEqual(circuit.state, open(3_600_000));
});

test('circuit - an outage that is over leaves nothing behind for the next', () => {
  const { circuit } = setUp();
  const patient: PushResult = { ...unavailable, afterMs: 3_600_000 };
  const late = begin(circuit);
  call(circuit, patient, patient, patient);
  assert.equal(circuit.state.kind, 'open');
  late(delivered);
  assert.deepEqual(circuit.state, { kind: 'closed' });
  // Three are needed again, and what was asked for then is no longer.
  call(circuit, unavailable, unavailable);
  assert.deepEqual(circuit.state, { kind: 'closed' });
  call(circuit, unavailable);
  assert.deepEqual(circuit.state, open(500));
});

test('circuit - only what changes is told', () => {
  const { clock, circuit, changes } = setUp();
  circuit.probeNow();
  call(circuit, unavailable, unavailable, unavailable);
  circuit.probeNow();
  assert.deepEqual([circuit.state, changes], [open(0), ['open']]);
  begin(circuit);
  clock.advance(30_000);
  // In place of a probe that says nothing.
  begin(circuit)(unavailable);
  assert.deepEqual(changes, ['open', 'probing', 'open']);
});

test('circuit - a stepped wall clock changes nothing', () => {
  const { clock, circuit } = setUp();
  call(circuit, unavailable, unavailable, unavailable);
  clock.step(-86_400_000);
  clock.advance(500);
  assert.ok(circuit.begin());
});
