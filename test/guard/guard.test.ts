import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Guard } from '../../src/guard/contract.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { describeCaution } from '../../src/guard/report.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { manualClock, type ManualClock } from '../support/clock.ts';
import { registrationOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';

// As numbers, so that a change of one is noticed.
const windowMs = 600_000;
const patienceMs = 86_400_000;

let clock: ManualClock;
let guard: Guard;
let metrics: Metrics;
let lines: string[];
let nodes = 0;

beforeEach(() => {
  clock = manualClock();
  metrics = createMetrics('test');
  const recorded = recordedLog();
  lines = recorded.lines;
  guard = createGuard({ apps: ['siskin', 'android'], clock, log: recorded.log, metrics });
});

function known(count: number): void {
  for (let i = 0; i < count; i += 1) guard.seeKnown(`known-${(nodes += 1)}`);
}

/** How many of so many unknown nodes were believed to be. */
function unknown(count: number, domain = 'example.net'): number {
  let believed = 0;
  for (let i = 0; i < count; i += 1) if (guard.seeUnknown(`unknown-${(nodes += 1)}`, domain)) believed += 1;
  return believed;
}

/** As many devices took a push. */
function taken(count: number, app = 'siskin'): void {
  for (let i = 0; i < count; i += 1) {
    const registration = registrationOf({ app, node: `taken-${(nodes += 1)}` });
    guard.seePush({ registration, target: 'first', came: 'accepted' });
  }
}

type Gone = { app?: string; came?: 'dead' | 'doubtful'; target?: 'first' | 'second' };

/** The nodes that were believed gone, and those that are to be taken back. */
function gone(count: number, { app = 'siskin', came = 'dead', target = 'first' }: Gone = {}) {
  const believed: string[] = [];
  const takenBack: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const registration = registrationOf({ app, node: `gone-${(nodes += 1)}` });
    const verdict = guard.seePush({ registration, target, came });
    if (verdict.kind === 'believed') believed.push(registration.node);
    else takenBack.push(...verdict.toRestore.map(({ node }) => node));
  }
  return { believed, takenBack };
}

const kind = () => guard.state.kind;
const holds = () => (guard.state.kind === 'holding' ? guard.state.holds : []);

test('guard - an empty store: of 1,000 unknown nodes none is believed, and the 50th makes it hold', () => {
  assert.equal(unknown(49), 0);
  assert.equal(kind(), 'watching');
  assert.equal(unknown(951, 'example.org'), 0);
  const [hold] = holds();
  assert.deepEqual(
    { cause: hold?.cause, seen: hold?.seen, bad: hold?.bad, held: hold?.held, sinceMs: hold?.sinceMs },
    { cause: 'unknown-nodes', seen: 50, bad: 50, held: 951, sinceMs: clock.now() },
  );
  assert.deepEqual(hold?.domains, [
    ['example.net', 49],
    ['example.org', 1],
  ]);
});

test('guard - a store without its last third: no unknown node is believed', () => {
  let believed = 0;
  for (let i = 0; i < 300; i += 1) {
    known(2);
    believed += unknown(1);
  }
  assert.equal(believed, 0);
  assert.equal(kind(), 'holding');
});

test('guard - an unknown node is believed when 250 were seen since the start', () => {
  known(248);
  assert.equal(unknown(1), 0);
  assert.equal(unknown(1), 1);
  assert.equal(kind(), 'watching');
});

test('guard - where less comes in, an unknown node is believed ten minutes after the start, when 50 were seen', () => {
  known(47);
  clock.advance(windowMs - 1);
  assert.equal(unknown(1), 0);
  clock.advance(1);
  assert.equal(unknown(1), 0);
  assert.equal(unknown(1), 1);
  assert.equal(kind(), 'watching');
});

test('guard - an old copy of the store: a room full of old registrations at first costs the others nothing', () => {
  known(200);
  assert.equal(unknown(51), 0);
  assert.equal(kind(), 'holding');
});

test('guard - in a burst all are looked up before the first is found to be unknown: they speak in time', () => {
  known(200);
  for (let i = 0; i < 100; i += 1) guard.seeMissing(`burst-${i}`);
  for (let i = 0; i < 100; i += 1) assert.equal(guard.seeUnknown(`burst-${i}`, 'example.net'), false);
  assert.equal(kind(), 'holding');
});

test('guard - those that were removed long ago cause no hold while that is looked up', () => {
  known(250);
  for (let i = 0; i < 200; i += 1) guard.seeMissing(`removed-${i}`);
  assert.equal(unknown(1), 0);
  for (let i = 0; i < 200; i += 1) guard.seeRemoved(`removed-${i}`);
  assert.equal(unknown(1), 1);
  assert.equal(kind(), 'watching');
});

test('guard - in a burst the known ones behind do not push out those that are being looked up', () => {
  for (let i = 0; i < 100; i += 1) guard.seeMissing(`burst-${i}`);
  known(300);
  for (let i = 0; i < 100; i += 1) assert.equal(guard.seeUnknown(`burst-${i}`, 'example.net'), false);
  assert.equal(kind(), 'holding');
});

test('guard - a fifth of unknown nodes is tolerated, more is not; believed are fewer, since more may be chance', () => {
  clock.advance(windowMs);
  known(80);
  assert.equal(unknown(20), 10);
  assert.equal(kind(), 'watching');
  assert.equal(unknown(1), 0);
  assert.equal(kind(), 'holding');
});

test('guard - an old copy of the store: a fifth of the first nodes being unknown is too little to believe any', () => {
  clock.advance(windowMs);
  for (let i = 0; i < 50; i += 1) {
    if (i % 5 === 0) assert.equal(unknown(1), 0);
    else known(1);
  }
  assert.equal(unknown(1), 0);
});

test('guard - the same few nodes named again and again are few', () => {
  for (let i = 0; i < 1000; i += 1) assert.equal(guard.seeUnknown(`unknown-${i % 49}`, 'example.net'), false);
  assert.equal(kind(), 'watching');
});

test('guard - a fault in a running system costs less than a fifth of the latest 250, however much was seen before', () => {
  known(100_000);
  assert.equal(unknown(5_000), 37);
  assert.equal(kind(), 'holding');
});

test('guard - unknown nodes over hours are no flood, and are not believed without healthy ones', () => {
  for (let i = 0; i < 200; i += 1) {
    assert.equal(unknown(1), 0);
    clock.advance(windowMs / 40);
  }
  assert.equal(kind(), 'watching');
});

test('guard - where little comes in, a day is enough to believe', () => {
  known(10);
  clock.advance(patienceMs - 1);
  known(38);
  assert.equal(unknown(1), 0);
  clock.advance(2);
  assert.equal(unknown(1), 1);
});

test('guard - an old copy of the store of few devices: two of ten being unknown may be chance, even after a day', () => {
  clock.advance(patienceMs);
  known(8);
  assert.equal(unknown(2), 0);
});

test('guard - memory stays bounded: the metrics have as many series after 10,000 nodes and domains', async () => {
  const before = (await metrics.registry.metrics()).split('\n').length;
  for (let i = 0; i < 10_000; i += 1) unknown(1, `domain-${i}.example`);
  assert.equal((await metrics.registry.metrics()).split('\n').length, before);
  assert.equal(holds()[0]?.domains.length, 5);
});

test('guard - while it holds for unknown nodes, dead tokens cost nothing either', () => {
  taken(200);
  unknown(50);
  assert.deepEqual(gone(5), { believed: [], takenBack: [] });
  assert.ok(guard.isHolding('android', 'first'));
});

test('guard - a hold does not end by itself', () => {
  unknown(50);
  clock.advance(10 * patienceMs);
  known(1000);
  assert.equal(unknown(1), 0);
  assert.equal(kind(), 'holding');
});

test('guard - released, it watches as carefully as after a start: a fault that is still there costs nothing', () => {
  unknown(1000);
  assert.equal(guard.release({ believe: false }), 1);
  assert.equal(kind(), 'watching');
  assert.equal(unknown(49), 0);
  assert.equal(kind(), 'watching');
  assert.equal(unknown(1), 0);
  assert.equal(kind(), 'holding');
});

test('guard - released after the fault was undone, everything is as ever', () => {
  unknown(1000);
  guard.release({ believe: false });
  known(250);
  assert.equal(unknown(1), 1);
});

test('guard - released to be believed, a burst does not end that in the midst of the flood', () => {
  unknown(1000);
  guard.release({ believe: true });
  clock.advance(windowMs - 1);
  assert.equal(unknown(250), 250);
  clock.advance(2);
  for (let i = 0; i < 300; i += 1) guard.seeMissing(`burst-${i}`);
  for (let i = 0; i < 300; i += 1) assert.equal(guard.seeUnknown(`burst-${i}`, 'example.net'), true);
});

test('guard - released to be believed by mistake, that can be called off', () => {
  unknown(1000);
  guard.release({ believe: true });
  assert.equal(unknown(60), 60);
  guard.release({ believe: false });
  assert.equal(unknown(60), 0);
  assert.equal(kind(), 'holding');
});

test('guard - what is believed of an app’s dead tokens is not believed of the store', () => {
  gone(100);
  assert.equal(guard.release({ believe: true }), 1);
  assert.equal(gone(100).believed.length, 100);
  assert.equal(unknown(100), 0);
});

test('guard - released to be believed, the flood is believed to its end, and the next one is not', () => {
  unknown(1000);
  assert.equal(guard.release({ believe: true }), 1);
  assert.equal(unknown(1000), 1000);
  clock.advance(windowMs);
  assert.equal(unknown(1000), 1000);
  assert.equal(kind(), 'watching');
  clock.advance(windowMs + 1);
  known(60);
  unknown(1);
  assert.equal(unknown(1000) < 60, true);
  assert.equal(kind(), 'holding');
});

test('guard - what is kept back for want of evidence can be believed by an operator, too', () => {
  assert.equal(unknown(3), 0);
  assert.equal(guard.release({ believe: true }), 0);
  assert.equal(unknown(3), 3);
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
      guard.seePush({ registration: registrationOf({ node: `chatty-${j}` }), target: 'first', came: 'accepted' });
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

test('guard - a stray unknown node among few is kept and no reason to look; many are', () => {
  const caution = () => (guard.state.kind === 'watching' ? describeCaution(guard.state) : 'holding');
  known(20);
  assert.equal(unknown(1), 0);
  assert.equal(caution(), undefined);
  assert.equal(unknown(5), 0);
  assert.match(caution() ?? '', /^6 of 26 registrations .* are told to keep them$/);
});

test('guard - what was believed of a device is taken back, however many pushes to it came back since', () => {
  const registration = registrationOf({ node: 'twice' });
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
  assert.ok(guard.isHolding('siskin', 'first'));
  assert.ok(!guard.isHolding('siskin', 'second'));
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
  const registration = registrationOf({ node: 'dead' });
  for (let i = 0; i < 200; i += 1) guard.seePush({ registration, target: 'first', came: 'doubtful' });
  assert.equal(kind(), 'watching');
});

test('guard - after a release without evidence no word is believed', () => {
  gone(100);
  guard.release({ believe: false });
  assert.deepEqual(gone(1).believed, []);
  taken(60);
  assert.equal(gone(1).believed.length, 1);
});

test('guard - its state is in the metrics, and its log says what happened and what to do', async () => {
  gone(60);
  const text = await metrics.registry.metrics();
  assert.match(text, /^sealpost_guard_holding\{cause="dead-tokens",app="siskin"\} 1$/m);
  assert.match(text, /^sealpost_guard_holding\{cause="dead-tokens",app="android"\} 0$/m);
  assert.match(text, /^sealpost_guard_holding\{cause="unknown-nodes",app="-"\} 0$/m);
  assert.match(text, /^sealpost_guard_held_total\{cause="dead-tokens",app="siskin"\} 57$/m);
  const said = lines.filter((line) => line.includes('mass-loss guard'));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /the provider of siskin calls 50 of the latest 50 device tokens dead/);
  assert.match(said[0] ?? '', /sealpost guard release/);
  assert.doesNotMatch(said.join(''), /gone-\d/);
  clock.advance(60_000);
  gone(5);
  assert.equal(lines.filter((line) => line.includes('mass-loss guard')).length, 2);
  guard.release({ believe: false });
  assert.match(await metrics.registry.metrics(), /^sealpost_guard_holding\{cause="dead-tokens",app="siskin"\} 0$/m);
});
