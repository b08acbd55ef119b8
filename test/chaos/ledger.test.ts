import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerEntry, LedgerEvent, PublishKind } from './ledger-entry.ts';
import { createLedger } from './ledger.ts';
import type { Device } from './traffic.ts';

// Invented histories, of a server that kept its promises and of one that did not.

const living: Device = { token: 'living', node: 'n1', provider: 'apns', secondToken: 'living-voip' };
const dying: Device = { token: 'dying', node: 'n2', provider: 'apns', secondToken: 'dying-voip' };
const startMs = Date.now() - 600_000;

/** Books events in seconds. */
function openBooks() {
  const ledger = createLedger();
  const at = (seconds: number) => startMs + seconds * 1000;
  const devices: Device[] = [];
  return {
    ledger,
    /** @returns the number of the publish */
    publish(of: PublishKind, device: Device, seconds: number, answer = 'result', answeredAtSeconds = seconds): number {
      const number = devices.push(device) - 1;
      ledger.record({ kind: 'published', number, of, device, atMs: at(seconds) });
      ledger.record({ kind: 'answered', number, answer, atMs: at(answeredAtSeconds) });
      return number;
    },
    arrive(number: number, seconds: number, more: Partial<LedgerEvent & { kind: 'received' }> = {}): void {
      const { provider, token } = devices[number] as Device;
      const status = 200;
      ledger.record({
        ...{ kind: 'received', number, provider, token, status, id: `id-${number}`, atMs: at(seconds) },
        ...more,
      });
    },
    gone: ({ token }: Device, seconds: number) => ledger.record({ kind: 'gone', token, atMs: at(seconds) }),
    killed: (from: number, until: number) => ledger.record({ kind: 'killed', fromMs: at(from), untilMs: at(until) }),
    hungUp: (seconds: number) => ledger.record({ kind: 'hung-up', provider: 'apns', atMs: at(seconds) }),
    diskFull: (from: number, until: number) =>
      ledger.record({ kind: 'disk-full', fromMs: at(from), untilMs: at(until) }),
    lost: () => numbersOf(ledger.report().lost),
  };
}

const numbersOf = (entries: readonly LedgerEntry[]) => entries.map(({ number }) => number);

/** Calls `of` this many times with the index. */
const times = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));

test('ledger - a publish answered with result and never accepted is lost, a call missed', () => {
  const { ledger, publish, arrive } = openBooks();
  arrive(publish('alert', living, 0), 1);
  const lost = publish('background', living, 1);
  arrive(lost, 2, { status: 503 });
  publish('alert', living, 2, 'disconnected');
  const missed = publish('call', living, 3);
  arrive(publish('call', living, 4), 5, { token: 'living-voip' });
  publish('call', living, 6, 'wait/internal-server-error');
  const report = ledger.report();
  assert.deepEqual(numbersOf(report.lost), [lost]);
  assert.deepEqual(numbersOf(report.missedCalls), [missed]);
  assert.equal(report.promisedCalls.length, 2);
  assert.deepEqual(
    [...report.answers],
    [
      ['result', 4],
      ['disconnected', 1],
      ['wait/internal-server-error', 1],
    ],
  );
  assert.deepEqual(ledger.missing([0, lost, missed]), [lost, missed]);
});

test('ledger - it balances if nothing is lost and no call can still arrive', () => {
  const { ledger, publish, arrive } = openBooks();
  arrive(publish('alert', living, 0), 1);
  publish('call', living, 10);
  assert.equal(ledger.balances(startMs + 40_000), false);
  assert.equal(ledger.balances(startMs + 42_000), true);
  publish('alert', living, 11);
  assert.equal(ledger.balances(startMs + 42_000), false);
});

test('ledger - a dead device excuses publishes no longer before its death than the slowest push took', () => {
  const { ledger, publish, arrive, gone } = openBooks();
  arrive(publish('alert', living, 0), 60);
  const before = publish('alert', dying, 600 - 65);
  publish('alert', dying, 600 - 55);
  const call = publish('call', dying, 600 - 40);
  publish('call', dying, 600 - 20);
  gone(dying, 600);
  publish('alert', dying, 601);
  const report = ledger.report();
  assert.equal(report.slowestMs, 60_000);
  assert.deepEqual(numbersOf(report.lost), [before]);
  assert.deepEqual(numbersOf(report.missedCalls), [call]);
});

test('ledger - the newest twenty of a registration displace older ones', () => {
  const { ledger, publish } = openBooks();
  const numbers = times(22, (i) => publish('alert', living, i));
  assert.deepEqual(numbersOf(ledger.report().replaced), numbers.slice(0, 2));
  assert.deepEqual(numbersOf(ledger.report().lost), numbers.slice(2));
});

test('ledger - nineteen newer ones, or twenty of which one had arrived before the last came, displace nothing', () => {
  const { lost, publish, arrive } = openBooks();
  const first = publish('alert', living, 0);
  for (const number of times(19, (i) => publish('alert', living, i + 1))) arrive(number, 60);
  const second = publish('alert', dying, 100);
  const newer = times(20, (i) => publish('alert', dying, i + 101));
  for (const number of newer) arrive(number, number === newer[0] ? 110 : 160);
  assert.deepEqual(lost(), [first, second]);
});

test('ledger - the newest is the push stored last, whatever was published last', () => {
  const { lost, publish, arrive } = openBooks();
  const newest = publish('alert', living, 0, 'result', 50);
  publish('alert', living, 1, 'result', 2);
  const newer = times(18, (i) => publish('alert', living, i + 2));
  for (const number of [newest, ...newer]) arrive(number, 60);
  const after = publish('alert', living, 30);
  assert.deepEqual(lost(), [after]);
});

test('ledger - a displaced push is excused, however few came later', () => {
  const { lost, publish, arrive } = openBooks();
  publish('alert', living, 0);
  for (const number of times(20, (i) => publish('alert', living, i + 1))) arrive(number, 60);
  arrive(publish('alert', living, 200), 201);
  assert.deepEqual(lost(), []);
});

test('ledger - where the database saw what was displaced, only that is excused', () => {
  const { ledger, lost, publish, arrive } = openBooks();
  const [seen, unseen] = [publish('alert', living, 0), publish('alert', living, 0)];
  for (const number of times(20, (i) => publish('alert', living, i + 1))) arrive(number, 60);
  ledger.record({ kind: 'displaced', numbers: [seen] });
  assert.deepEqual(lost(), [unseen]);
});

test('ledger - a stored push has a place even if the link was lost before its answer', () => {
  const { lost, publish, arrive } = openBooks();
  publish('alert', living, 0);
  for (const number of times(20, (i) => publish('alert', living, i + 1, 'disconnected', 30))) arrive(number, 60);
  assert.deepEqual(lost(), []);
});

test('ledger - a push without answer that never arrived was not stored, and displaces nothing', () => {
  const { lost, publish, arrive } = openBooks();
  const first = publish('alert', living, 0);
  for (const number of times(19, (i) => publish('alert', living, i + 1))) arrive(number, 60);
  publish('alert', living, 20, 'disconnected', 30);
  assert.deepEqual(lost(), [first]);
});

test('ledger - a call has a place for its half minute and until expired pushes are removed', () => {
  const { lost, publish } = openBooks();
  publish('alert', living, 0);
  times(20, (i) => publish('call', living, i + 1, i % 2 === 0 ? 'result' : 'disconnected'));
  const second = publish('alert', dying, 100);
  times(20, (i) => publish('call', dying, 100 + (i + 1) * 3));
  assert.deepEqual(lost(), [second]);
});

test('ledger - accepted but not completed at a kill, a push displaces none that was not sent', () => {
  const { lost, publish, arrive, killed } = openBooks();
  const unsent = publish('alert', living, 0);
  const taken = times(10, (i) => publish('alert', living, i + 1));
  for (const number of taken) arrive(number, 19);
  killed(20, 22);
  const newer = times(10, (i) => publish('alert', living, i + 30));
  for (const number of [...taken, ...newer]) arrive(number, 60);
  assert.deepEqual(lost(), [unsent]);
});

test('ledger - pushes accepted but not completed at a kill have places of their own', () => {
  const { lost, publish, arrive, killed } = openBooks();
  publish('alert', living, 0);
  const taken = times(10, (i) => publish('alert', living, i + 1));
  for (const number of taken) arrive(number, 19);
  killed(20, 22);
  const takenNext = times(10, (i) => publish('alert', living, i + 25));
  for (const number of takenNext) arrive(number, 39);
  killed(40, 42);
  for (const number of [...taken, ...takenNext]) arrive(number, 60);
  const after = publish('alert', living, 70);
  assert.deepEqual(lost(), [after]);
});

test('ledger - accepted and completed before the kill, a push has no place after it', () => {
  const { lost, publish, arrive, killed } = openBooks();
  const unsent = publish('alert', living, 0);
  const taken = times(10, (i) => publish('alert', living, i + 1));
  for (const number of taken) arrive(number, 19);
  killed(20, 22);
  for (const number of times(10, (i) => publish('alert', living, i + 25))) arrive(number, 39);
  killed(40, 42);
  for (const number of taken) arrive(number, 60);
  assert.deepEqual(lost(), [unsent]);
});

test('ledger - the server may take a push for unsent that a dying connection answered or that was sent on a full disk', () => {
  for (const trouble of ['none', 'hung-up', 'unanswered', 'disk-full', 'hung-up when dead']) {
    const { lost, publish, arrive, killed, hungUp, diskFull } = openBooks();
    const unsent = publish('alert', living, 0);
    const taken = times(10, (i) => publish('alert', living, i + 1));
    for (const number of taken) arrive(number, 19.5);
    if (trouble === 'hung-up') hungUp(19.8);
    if (trouble === 'unanswered') arrive(unsent, 19.8, { status: 0 });
    if (trouble === 'disk-full') diskFull(16, 19.8);
    killed(20, 22);
    if (trouble === 'hung-up when dead') hungUp(20.2);
    const newer = times(10, (i) => publish('alert', living, i + 30));
    for (const number of [...taken, ...newer]) arrive(number, 60);
    assert.deepEqual(lost(), ['none', 'hung-up when dead'].includes(trouble) ? [unsent] : [], trouble);
  }
});

test('ledger - accepted long before the kill, a push was completed, and its place is free', () => {
  const { lost, publish, arrive, killed } = openBooks();
  const first = publish('alert', living, 0);
  for (const number of times(20, (i) => publish('alert', living, i + 1))) arrive(number, number + 2);
  killed(50, 52);
  assert.deepEqual(lost(), [first]);
});

test('ledger - a call is not missed if it was queued when the clock was set back, or the server was mostly down', () => {
  const { ledger, publish, killed } = openBooks();
  const calls = [0, 30, 200, 60, 100].map((seconds) => publish('call', living, seconds));
  ledger.record({ kind: 'set-back', fromMs: startMs + 65_000, untilMs: startMs + 68_000 });
  killed(10, 20);
  killed(25, 30);
  killed(101, 107);
  killed(110, 120);
  killed(190, 205);
  killed(225, 245);
  const report = ledger.report();
  assert.equal(report.answeredCalls, 5);
  assert.deepEqual(numbersOf(report.promisedCalls), calls.slice(0, 3));
  assert.deepEqual(numbersOf(report.missedCalls), calls.slice(0, 3));
});

test('ledger - hundreds of thousands to one device, all lost, add up in time', () => {
  const { ledger, publish } = openBooks();
  times(300_000, (i) => publish('alert', living, i / 1000));
  const { lost, replaced } = ledger.report();
  assert.deepEqual([lost.length, replaced.length], [20, 299_980]);
});

test('ledger - copies without answer count for the id, and every copy needs one id', () => {
  const { ledger, publish, arrive } = openBooks();
  const [torn, whole, bare] = [publish('alert', living, 0), publish('alert', living, 1), publish('alert', living, 2)];
  arrive(torn, 1, { status: 0, id: 'another' });
  arrive(torn, 2);
  arrive(whole, 2, { status: 503 });
  arrive(whole, 3);
  const { token } = living;
  ledger.record({ kind: 'received', number: bare, provider: 'apns', token, status: 200, atMs: startMs + 3000 });
  assert.deepEqual(numbersOf(ledger.report().torn), [torn, bare]);
});

test('ledger - a call that rings after its half minute is late, and a push to another device is misdirected', () => {
  const { ledger, publish, arrive } = openBooks();
  const late = publish('call', living, 0);
  arrive(late, 5);
  arrive(late, 32);
  const astray = publish('alert', living, 1);
  arrive(astray, 2, { token: 'living-voip' });
  assert.deepEqual(numbersOf(ledger.report().late), [late]);
  assert.deepEqual(numbersOf(ledger.report().astray), [astray]);
});

test('ledger - a wake-up gives way to one within 25 s of the time at which it was answered, which a suspended process delays', () => {
  const books = openBooks();
  books.publish('background', living, 0, 'result', 19);
  books.arrive(books.publish('background', living, 30), 31);
  const lost = books.publish('background', dying, 0, 'result', 4);
  books.arrive(books.publish('background', dying, 30), 31);
  assert.deepEqual(books.lost(), [lost]);
});
