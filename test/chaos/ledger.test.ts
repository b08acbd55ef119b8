import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { ciphertextOf, createLedger, type LedgerEntry } from './ledger.ts';
import type { Device } from './traffic.ts';

const living: Device = { token: 'living', node: 'n1', provider: 'apns', secondToken: 'living-voip' };
const dying: Device = { token: 'dying', node: 'n2', provider: 'apns', secondToken: 'dying-voip' };
const startMs = Date.now() - 600_000;

function openBooks() {
  const ledger = createLedger();
  return {
    ledger,
    publish(kind: LedgerEntry['kind'], device: Device, seconds: number, answer = 'result') {
      const entry = ledger.published({ kind, device, publishedAtMs: startMs + seconds * 1000 });
      entry.answer = answer;
      return entry;
    },
    arrive(entry: LedgerEntry, seconds: number, more: Partial<ReceivedPush> = {}) {
      ledger.received({
        provider: 'apns',
        token: entry.device.token,
        headers: { 'apns-id': `id-${entry.number}` },
        body: { encrypted: ciphertextOf(entry.number) },
        bytes: 0,
        atMs: startMs + seconds * 1000,
        status: 200,
        ...more,
      });
    },
  };
}

test('ledger - what was answered result and never accepted is lost, a call missed', () => {
  const { ledger, publish, arrive } = openBooks();
  arrive(publish('alert', living, 0), 1);
  const lost = publish('background', living, 1);
  arrive(lost, 2, { status: 503 });
  publish('alert', living, 2, 'disconnected');
  const missed = publish('call', living, 3);
  arrive(publish('call', living, 4), 5, { token: 'living-voip' });
  publish('call', living, 6, 'wait/internal-server-error');
  assert.deepEqual(ledger.lost(), [lost]);
  assert.deepEqual(ledger.missedCalls(), [missed]);
  assert.equal(ledger.promisedCalls().length, 2);
  assert.deepEqual(
    [...ledger.answers()],
    [
      ['result', 4],
      ['disconnected', 1],
      ['wait/internal-server-error', 1],
    ],
  );
});

test('ledger - a death excuses what was published no longer before it than the slowest push to the living took', () => {
  const { ledger, publish, arrive } = openBooks();
  arrive(publish('alert', living, 0), 60);
  const before = publish('alert', dying, 600 - 65);
  publish('alert', dying, 600 - 55);
  const call = publish('call', dying, 600 - 40);
  publish('call', dying, 600 - 20);
  ledger.gone(dying);
  publish('alert', dying, 601);
  assert.deepEqual(ledger.lost(), [before]);
  assert.deepEqual(ledger.missedCalls(), [call]);
});

test('ledger - the newest twenty of a registration take the place of older ones', () => {
  const { ledger, publish } = openBooks();
  const entries = Array.from({ length: 22 }, (_, i) => publish('alert', living, i));
  assert.deepEqual(ledger.replaced(), entries.slice(0, 2));
  assert.deepEqual(ledger.lost(), entries.slice(2));
});

test('ledger - copies without answer count for the id, and every copy needs one', () => {
  const { ledger, publish, arrive } = openBooks();
  const [torn, whole, bare] = [publish('alert', living, 0), publish('alert', living, 1), publish('alert', living, 2)];
  arrive(torn, 1, { status: 0, headers: { 'apns-id': 'another' } });
  arrive(torn, 2);
  arrive(whole, 2, { status: 503 });
  arrive(whole, 3);
  arrive(bare, 3, { headers: {} });
  assert.deepEqual(ledger.torn(), [torn, bare]);
});

test('ledger - a call that rings after its half minute is late, a push to another device astray', () => {
  const { ledger, publish, arrive } = openBooks();
  const late = publish('call', living, 0);
  arrive(late, 5);
  arrive(late, 32);
  const astray = publish('alert', living, 1);
  arrive(astray, 2, { token: 'living-voip' });
  assert.deepEqual(ledger.late(), [late]);
  assert.deepEqual([...ledger.astray], [astray]);
});
