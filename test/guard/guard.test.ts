import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import type { Guard } from '../../src/guard/contract.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { manualClock, type ManualClock } from '../support/clock.ts';
import { device, many } from './devices.ts';
import { recordedLog } from '../support/telemetry.ts';

// As numbers, so that a change of one is noticed.
const windowMs = 600_000;
const patienceMs = 86_400_000;

let clock: ManualClock;
let guard: Guard;
let metrics: Metrics;
let lines: string[];

beforeEach(() => {
  clock = manualClock();
  metrics = createMetrics('test');
  const recorded = recordedLog();
  lines = recorded.lines;
  guard = createGuard({ apps: ['siskin', 'android'], clock, log: recorded.log, metrics });
});

const seeTaken = (registrations: readonly Registration[], target: 'first' | 'second' = 'first') => {
  for (const registration of registrations) guard.seePush({ registration, target, came: 'accepted' });
};

/** The nodes that were believed gone, and those that are to be taken back. */
function seeDead(registrations: readonly Registration[], { came = 'dead', target = 'first' }: Gone = {}) {
  const believed: string[] = [];
  const takenBack: string[] = [];
  for (const registration of registrations) {
    const verdict = guard.seePush({ registration, target, came });
    if (verdict.kind === 'believed') believed.push(registration.node);
    else takenBack.push(...verdict.toRestore.map(({ node }) => node));
  }
  return { believed, takenBack };
}

type Gone = { came?: 'dead' | 'doubtful'; target?: 'first' | 'second' };

/** As many devices took a push. */
const taken = (count: number, app = 'siskin') => seeTaken(many(count, () => device({ app })));

const gone = (count: number, { app = 'siskin', ...how }: Gone & { app?: string } = {}) =>
  seeDead(
    many(count, () => device({ app })),
    how,
  );

const kind = () => guard.state.kind;
const holds = () => (guard.state.kind === 'holding' ? guard.state.holds : []);

test('guard - a hold does not end by itself', () => {
  gone(50);
  clock.advance(10 * patienceMs);
  taken(1000);
  assert.deepEqual(gone(1).believed, []);
  assert.equal(kind(), 'holding');
});

test('guard - released, it watches as carefully as after a start: a fault that is still there costs nothing', () => {
  gone(1000);
  assert.equal(guard.release({ acceptRemovals: false }), 1);
  assert.equal(kind(), 'watching');
  assert.deepEqual(gone(49).believed, []);
  assert.equal(kind(), 'watching');
  assert.deepEqual(gone(1).believed, []);
  assert.equal(kind(), 'holding');
});

test('guard - released after the fault was undone, everything is as ever', () => {
  gone(1000);
  guard.release({ acceptRemovals: false });
  taken(250);
  assert.equal(gone(1).believed.length, 1);
});

test('guard - released with removals accepted by mistake, that can be called off', () => {
  gone(1000);
  guard.release({ acceptRemovals: true });
  assert.equal(gone(60).believed.length, 60);
  guard.release({ acceptRemovals: false });
  assert.equal(gone(60).believed.length, 0);
  assert.equal(kind(), 'holding');
});

test('guard - released with removals accepted, they are until the flood is over, and the next flood is held', () => {
  gone(1000);
  assert.equal(guard.release({ acceptRemovals: true }), 1);
  assert.equal(gone(1000).believed.length, 1000);
  clock.advance(windowMs - 1);
  assert.equal(gone(250).believed.length, 250);
  clock.advance(1);
  assert.equal(gone(1000).believed.length, 1000);
  assert.equal(kind(), 'watching');
  clock.advance(windowMs + 1);
  taken(60);
  gone(1);
  assert.equal(gone(1000).believed.length < 60, true);
  assert.equal(kind(), 'holding');
});

test('guard - memory stays bounded: the metrics have as many series after 10,000 devices', async () => {
  const before = (await metrics.registry.metrics()).split('\n').length;
  gone(10_000);
  assert.equal((await metrics.registry.metrics()).split('\n').length, before);
});

test('guard - a single dead token is believed from the start', () => {
  assert.equal(gone(1).believed.length, 1);
  taken(1);
  assert.equal(gone(1).believed.length, 1);
});

test('guard - when nothing but dead tokens comes back, three are believed, and those are taken back', () => {
  const { believed, takenBack } = gone(200);
  assert.equal(believed.length, 3);
  assert.deepEqual(takenBack, believed);
  assert.deepEqual(
    holds().map(({ cause, app, target, seen, bad }) => ({ cause, app, target, seen, bad })),
    [{ cause: 'dead-tokens', app: 'siskin', target: 'first', seen: 50, bad: 50 }],
  );
});

test('guard - a few devices that are pushed to all the time do not outvote the dead ones', () => {
  let believed = 0;
  for (let i = 0; i < 400; i += 1) {
    for (let j = 0; j < 6; j += 1) {
      guard.seePush({
        registration: device({ node: `chatty-${j}`, account: `chatty${j}@example.net`, token: `chatty-${j}` }),
        target: 'first',
        came: 'accepted',
      });
    }
    believed += gone(1, { came: 'doubtful' }).believed.length;
  }
  assert.equal(believed, 0);
  assert.equal(kind(), 'holding');
});

for (const [what, healthy, limit] of [
  ['nothing was ever delivered', 0, 3],
  ['hardly anything is', 1, 16],
] as const) {
  test(`guard - where little comes in, and ${what}, few are believed gone in a day`, () => {
    let believed = 0;
    for (let i = 0; i < 360; i += 1) {
      if (i % 15 === 0) taken(healthy);
      believed += gone(1).believed.length;
      clock.advance(patienceMs / 360);
    }
    assert.ok(believed <= limit, `${believed}`);
  });
}

test('guard - a fault that comes slowly: what was believed in a day is taken back', () => {
  taken(200);
  const believed: string[] = [];
  const takenBack: string[] = [];
  for (let i = 0; i < 100; i += 1) {
    const one = gone(1);
    believed.push(...one.believed);
    takenBack.push(...one.takenBack);
    clock.advance(windowMs / 4);
  }
  assert.equal(kind(), 'holding');
  assert.ok(believed.length > 50 && believed.length < 70, `${believed.length}`);
  assert.deepEqual(takenBack, believed);
});

test('guard - what was believed of a device is taken back, however many pushes to it came back since', () => {
  const registration = device({ node: 'twice' });
  guard.seePush({ registration, target: 'first', came: 'dead' });
  gone(40);
  guard.seePush({ registration, target: 'first', came: 'dead' });
  const { takenBack } = gone(60);
  assert.ok(takenBack.includes('twice'));
});

test('guard - a doubtful word is not believed before 50 pushes were taken', () => {
  taken(3);
  assert.deepEqual(gone(1, { came: 'doubtful' }).believed, []);
  taken(48);
  assert.equal(gone(1, { came: 'doubtful' }).believed.length, 1);
});

test('guard - all tokens of the other environment but a developer’s own: none is lost', () => {
  let believed = 0;
  for (let i = 0; i < 500; i += 1) {
    if (i % 20 === 0) taken(1);
    believed += gone(1, { came: 'doubtful' }).believed.length;
  }
  assert.equal(believed, 0);
  assert.equal(kind(), 'holding');
});

test('guard - a flood in a running system: what was believed in its first seconds is taken back', () => {
  taken(10_000);
  const { believed, takenBack } = gone(1000);
  assert.ok(believed.length > 50 && believed.length < 65, `${believed.length}`);
  assert.deepEqual(takenBack, believed);
});

test('guard - one app’s flood holds nothing of another app, nor its own tokens for calls', () => {
  taken(100, 'android');
  gone(100);
  assert.ok(guard.isHolding(device(), 'first'));
  assert.ok(!guard.isHolding(device(), 'second'));
  assert.equal(gone(1, { app: 'android' }).believed.length, 1);
  assert.equal(gone(1, { target: 'second' }).believed.length, 1);
});

test('guard - a fifth of dead tokens day after day is no flood', () => {
  // A fixed sequence with a share of 15 %.
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let believed = 0;
  let came = 0;
  for (let i = 0; i < 5_000; i += 1) {
    if (random() >= 0.15) {
      taken(1);
      continue;
    }
    came += 1;
    believed += gone(1).believed.length;
  }
  assert.equal(kind(), 'watching');
  assert.equal(believed, came);
});

test('guard - a dead token that is held counts once, however often it is pushed to', () => {
  const registration = device();
  for (let i = 0; i < 200; i += 1) guard.seePush({ registration, target: 'first', came: 'doubtful' });
  assert.equal(kind(), 'watching');
});

test('guard - after a release without evidence no word is believed', () => {
  gone(100);
  guard.release({ acceptRemovals: false });
  assert.deepEqual(gone(1).believed, []);
  taken(60);
  assert.equal(gone(1).believed.length, 1);
});

test('guard - its state is in the metrics, and its log says what happened and what to do', async () => {
  gone(60);
  const text = await metrics.registry.metrics();
  assert.match(text, /^sealpost_guard_holding\{cause="dead-tokens",app="siskin"\} 1$/m);
  assert.match(text, /^sealpost_guard_holding\{cause="dead-tokens",app="android"\} 0$/m);
  assert.match(text, /^sealpost_guard_held_total\{cause="dead-tokens",app="siskin"\} 57$/m);
  const said = lines.filter((line) => line.includes('mass-loss guard'));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /the provider of siskin calls 50 of the latest 50 device tokens dead/);
  assert.match(said[0] ?? '', /sealpost guard release/);
  assert.doesNotMatch(said.join(''), /(node|token)-\d|user\d/);
  clock.advance(60_000);
  gone(5);
  assert.equal(lines.filter((line) => line.includes('mass-loss guard')).length, 2);
  guard.release({ acceptRemovals: false });
  assert.match(await metrics.registry.metrics(), /^sealpost_guard_holding\{cause="dead-tokens",app="siskin"\} 0$/m);
});
