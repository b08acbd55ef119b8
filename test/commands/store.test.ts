import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { store } from '../../src/commands/store.ts';
import { systemClock } from '../../src/time/clock.ts';
import { openTestStore } from '../support/store.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { leaseNumbers, queued, startMs } from '../store/outbox/support.ts';
import { manualClock } from '../support/clock.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-copy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const open = (path: string) =>
  openTestStore({ store: { kind: 'sqlite', path }, clock: manualClock(startMs), ...quietTelemetry() });

async function run(...args: string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const output = { write: (text: string) => (said += text) };
  const code = await store({ args, env: {}, output, errors: { write: () => undefined }, clock: systemClock });
  return { code, said };
}

const phone = (n: number) => ({
  app: 'siskin',
  convention: 'tigase',
  account: `user-${n}@example.net`,
  device: `d${n}`,
  token: `d${n}`,
  withSecret: false,
});

test('store copy - everything comes over, once, however often it is begun', async (t) => {
  const folder = folderOf(t);
  const [from, to] = [join(folder, 'a.db'), join(folder, 'b.db')];
  const source = await open(from);
  const made = await Promise.all(Array.from({ length: 1_100 }, (_, n) => source.registry.register(phone(n))));
  const [first, second] = made;
  await source.registry.remove(second?.node ?? '', second?.registeredAtMs ?? 0, 'gone');
  for (const n of [1, 2, 3]) await source.outbox.enqueue(queued(n), startMs);
  await source.close();

  writeFileSync(join(folder, 'target'), `sqlite:${to}\n`);
  for (let i = 0; i < 2; i += 1) {
    const { code, said } = await run('copy', '--from', `sqlite:${from}`, '--to', `@${join(folder, 'target')}`);
    assert.deepEqual([code, said], [0, 'registrations: 1100\nqueued pushes: 3\n']);
  }
  const target = await open(to);
  assert.deepEqual(await target.registry.find(first?.node ?? ''), first);
  assert.equal(await target.registry.wasRemoved(second?.node ?? ''), true);
  assert.deepEqual([...(await target.registry.count())], [['siskin', 1_099]]);
  assert.deepEqual(await leaseNumbers(target.outbox), [3, 2, 1]);
  await target.close();
});

test('store copy - what the target has otherwise stays there, and is counted', async (t) => {
  const folder = folderOf(t);
  const [from, to] = [join(folder, 'a.db'), join(folder, 'b.db')];
  const source = await open(from);
  await source.registry.register(phone(1));
  await source.close();
  const target = await open(to);
  const { node } = await target.registry.register({ ...phone(1), secondToken: 'newer' });
  await target.close();
  const { code, said } = await run('copy', '--from', `sqlite:${from}`, '--to', `sqlite:${to}`);
  assert.equal(code, 1);
  assert.match(said, /not copied, since the target has them otherwise, or not at all: 1\n$/);
  const after = await open(to);
  assert.equal((await after.registry.find(node))?.secondToken, 'newer');
  await after.close();
});

test('store copy - wrong calls are told what is missing', async () => {
  await assert.rejects(run('copy'), /--to STORE/);
  await assert.rejects(run('copy', '--to', 'sqlite:/tmp/x.db'), /--from STORE/);
  await assert.rejects(run('move', '--to', 'sqlite:/tmp/x.db'), /store has one command: copy/);
  await assert.rejects(
    run('copy', '--to', 'sqlite:/tmp/x.db', '--from', 'mysql://x'),
    /expected sqlite:PATH or postgres/,
  );
  await assert.rejects(
    run('copy', '--to', 'sqlite:/tmp/x.db', '--from', 'sqlite:/tmp/no-such.db'),
    /there is no store/,
  );
});
