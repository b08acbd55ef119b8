import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import type { Guard, Hold, SeenPush } from '../../src/guard/contract.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock, type ManualClock } from '../support/clock.ts';
import { recordedLog } from '../support/telemetry.ts';
import { across, at, device, newDevice } from './devices.ts';

// Mallory has a domain, as many accounts there as he likes, and devices of his own. He can make up tokens that are dead.

const mallory = 'mallory.example';
/** As a number, so that a change is noticed: removed in a running system before a fault of everything shows. */
const mostRemoved = 62 + 49;

let clock: ManualClock;
let guard: Guard;
let lines: readonly string[];

beforeEach(() => {
  clock = manualClock();
  start();
});

function start(): void {
  const { log, lines: logged } = recordedLog();
  lines = logged;
  guard = createGuard({ apps: ['siskin', 'android'], clock, log, metrics: createMetrics('test') });
}

function see(registrations: readonly Registration[], came: SeenPush['came']) {
  const believed: string[] = [];
  const restored: string[] = [];
  for (const registration of registrations) {
    const verdict = guard.seePush({ registration, target: 'first', came });
    if (verdict.kind === 'believed') believed.push(registration.node);
    else restored.push(...verdict.toRestore.map(({ node }) => node));
  }
  return { believed, restored };
}

const holds = (): readonly Hold[] => (guard.state.kind === 'holding' ? guard.state.holds : []);
const about = () => holds().map(({ cause, domain }) => `${cause} ${domain ?? 'all'}`);
const isRemoved = (registration: Registration) => see([registration], 'dead').believed.length === 1;

/** Innocent devices of five domains, reached ones and new ones, of which some are dead, as is usual. */
function usual(): void {
  for (const make of [device, newDevice]) {
    see(across(5, 50, make), 'accepted');
    see(across(5, 5, make), 'dead');
  }
}

/** Innocent devices that the provider calls dead are removed, whether they were ever reached or not. */
function assertInnocentsRemoved(): void {
  for (const make of [device, newDevice]) assert.ok(isRemoved(make({ account: 'romeo@d1.example' })));
  for (const make of [device, newDevice]) assert.ok(isRemoved(make({ account: 'juliet@new.example' })));
}

const madeUp: Readonly<Record<string, () => readonly Registration[]>> = {
  'of one account': () => Array.from({ length: 500 }, () => newDevice({ account: `mallory@${mallory}` })),
  'of one account in capital letters and small ones': () =>
    Array.from({ length: 500 }, (_, i) => newDevice({ account: `${i % 2 ? 'm' : 'M'}allory@${mallory}` })),
  'of one account among ours': () => Array.from({ length: 500 }, () => newDevice({ account: 'mallory@d1.example' })),
  'of one account over all apps': () =>
    Array.from({ length: 500 }, (_, i) =>
      newDevice({ account: `mallory@${mallory}`, app: i % 2 ? 'siskin' : 'android' }),
    ),
};

for (const [what, make] of Object.entries(madeUp)) {
  test(`guard against others - 500 made-up tokens ${what} begin no hold, over a restart neither`, () => {
    usual();
    see(make(), 'dead');
    assert.deepEqual(about(), []);
    assertInnocentsRemoved();
    start();
    usual();
    see(make(), 'doubtful');
    assert.deepEqual(about(), []);
    assertInnocentsRemoved();
  });
}

test('guard against others - made-up tokens of 500 accounts of one domain keep new devices of that domain alone', () => {
  usual();
  clock.advance(1);
  see(at(mallory, 500, newDevice), 'dead');
  assert.deepEqual(about(), [`dead-new-tokens ${mallory}`]);
  assertInnocentsRemoved();
  assert.ok(!guard.isHolding(device({ account: `honest@${mallory}` }), 'first'));
  assert.ok(guard.isHolding(newDevice({ account: `honest@${mallory}` }), 'first'));
  assert.equal(holds()[0]?.othersFareWell, false);
  see(at('d1.example', 1), 'accepted');
  assert.equal(holds()[0]?.othersFareWell, true);
});

test('guard against others - at a vendor with one domain, its own users’ made-up tokens touch nobody who was reached', () => {
  see(at('example.net', 100), 'accepted');
  see(at('example.net', 500, newDevice), 'dead');
  assert.deepEqual(about(), ['dead-new-tokens example.net']);
  assert.ok(isRemoved(device({ account: 'romeo@example.net' })));
});

test('guard against others - 500 devices of one domain that took pushes and died keep that domain alone', () => {
  usual();
  see(at(mallory, 500), 'dead');
  assert.deepEqual(about(), [`dead-tokens ${mallory}`]);
  assertInnocentsRemoved();
});

test('guard against others - 500 devices of one account that took pushes and died begin no hold', () => {
  usual();
  see(
    Array.from({ length: 500 }, () => device({ account: 'mallory@d1.example' })),
    'dead',
  );
  assert.deepEqual(about(), []);
  assertInnocentsRemoved();
});

for (const make of [device, newDevice]) {
  test(`guard against others - one token that is registered 500 times is one device: ${make.name}`, () => {
    see(at('d1.example', 30), 'accepted');
    const own = Array.from({ length: 500 }, (_, i) =>
      make({ account: `u${i}@d1.example`, token: i % 2 ? 'ab' : 'AB' }),
    );
    see(own, 'dead');
    assert.deepEqual(about(), []);
    see(own, 'accepted');
    // One and thirty are too few to believe doubtful words.
    assert.deepEqual(see(at('d1.example', 1), 'doubtful').believed, []);
  });
}

test('guard against others - a domain whose devices all take pushes prevents no hold of the others', () => {
  usual();
  see(at(mallory, 1000), 'accepted');
  const { believed, restored } = see(across(40, 25), 'dead');
  assert.ok(about().includes('dead-tokens all'));
  assert.ok(believed.length <= mostRemoved, `${believed.length}`);
  assert.ok(new Set(restored).isSupersetOf(new Set(believed)));
});

test('guard against others - accepted pushes in between, of one domain, do not prevent the hold of others either', () => {
  usual();
  const own = at(mallory, 1000);
  const believed = across(40, 25).flatMap((innocent, i) => {
    see(own.slice(i, i + 1), 'accepted');
    return see([innocent], 'dead').believed;
  });
  assert.ok(about().includes('dead-tokens all'));
  assert.ok(believed.length <= mostRemoved, `${believed.length}`);
});

test('guard against others - one account prevents no hold of its domain, and ends none', () => {
  see(at('example.net', 100), 'accepted');
  const own = Array.from({ length: 1000 }, () => device({ account: 'mallory@example.net' }));
  const believed = at('example.net', 500).flatMap((innocent, i) => {
    see(own.slice(2 * i, 2 * i + 2), 'accepted');
    return see([innocent], 'dead').believed;
  });
  assert.deepEqual(about(), ['dead-tokens example.net']);
  assert.ok(believed.length <= 62, `${believed.length}`);
  see(own, 'accepted');
  assert.deepEqual(about(), ['dead-tokens example.net']);
  assert.deepEqual(see(at('example.net', 10), 'dead').believed, []);
});

test('guard against others - 250 devices of one domain are no evidence for the small ones', () => {
  see(at(mallory, 250), 'accepted');
  assert.deepEqual(see(across(40, 5), 'doubtful').believed, []);
  start();
  see(at(mallory, 250), 'accepted');
  const { believed, restored } = see(across(40, 5), 'dead');
  assert.ok(believed.length <= 31, `${believed.length}`);
  assert.deepEqual(new Set(restored), new Set(believed));
});

for (const domains of [1, 2, 3, 4, 5, 10, 40, 1000]) {
  test(`guard - a fault of the whole app where the devices are of ${domains} domains: few are removed, all come back`, () => {
    see(across(domains, Math.ceil(1000 / domains)), 'accepted');
    const { believed, restored } = see(across(domains, Math.ceil(2000 / domains)), 'dead');
    assert.ok(believed.length <= mostRemoved, `${believed.length}`);
    assert.deepEqual(new Set(restored), new Set(believed));
    assert.deepEqual(see(across(domains, 1), 'dead').believed, []);
    assert.ok(guard.isHolding(newDevice({ account: 'new@d0.example' }), 'first'));
  });

  test(`guard - the wrong topic after an import of ${domains} domains loses nobody, after a restart neither`, () => {
    const imported = across(domains, Math.ceil(1000 / domains), newDevice);
    for (const _ of ['after the import', 'after a restart']) {
      start();
      assert.deepEqual(see(imported, 'doubtful').believed, []);
      assert.ok(about().length > 0);
    }
    start();
    const { believed, restored } = see(imported, 'dead');
    assert.ok(believed.length <= 6, `${believed.length}`);
    assert.deepEqual(new Set(restored), new Set(believed));
  });
}

test('guard - where a great domain fares badly, a doubtful word about its devices is not believed because others fare well', () => {
  see(across(5, 50, device), 'accepted');
  see(at('big.example', 43, device), 'accepted');
  see(at('big.example', 17, device), 'dead');
  assert.deepEqual(about(), []);
  assert.deepEqual(see(at('big.example', 1, device), 'doubtful').believed, []);
});

test('guard - a hold of all domains takes back what was removed of a great one, however many it saw since', () => {
  see(at('big.example', 180, device), 'accepted');
  const removed = see(at('big.example', 20, device), 'dead').believed;
  assert.equal(removed.length, 20);
  see(at('big.example', 70, device), 'accepted');
  const { restored } = see(across(5, 40, device), 'dead');
  assert.deepEqual(about(), ['dead-tokens all']);
  assert.ok(removed.every((node) => restored.includes(node)));
});

test('guard - domains of unlike size: a fault of the whole app costs no more', () => {
  const sizes = [1000, 300, 60, 30, 10, 5, 5, 1, 1, 1];
  const all = sizes.flatMap((size, i) => at(`s${i}.example`, size));
  const order = all.map((_, i) => all[(i * 577) % all.length] ?? device());
  see(order, 'accepted');
  const { believed, restored } = see(order, 'dead');
  assert.ok(believed.length <= mostRemoved, `${believed.length}`);
  assert.deepEqual(new Set(restored), new Set(believed));
});

test('guard - domains are bounded in number, and no hold is forgotten for others', () => {
  see(at(mallory, 60), 'dead');
  see(across(2000, 1), 'accepted');
  assert.ok(about().includes(`dead-tokens ${mallory}`));
  for (let i = 0; i < 150; i += 1) {
    see(at(`h${i}.example`, 70), 'dead');
    see(across(5, 50), 'accepted');
  }
  assert.equal(about().length, 100);
  assert.deepEqual(see(at('late.example', 5), 'dead').believed, []);
  assert.equal(lines.filter((line) => line.includes('mass-loss guard')).length, 1);
});

test('guard - of names as long as can be made up, no more is kept than tells them apart', () => {
  const long = `${'a'.repeat(100_000)}.example`;
  see(at(long, 60, newDevice), 'dead');
  assert.equal(holds()[0]?.domain?.length, 16);
  assert.ok(guard.isHolding(newDevice({ account: `x@${long}` }), 'first'));
});
