import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { leaseNumbers, outboxesFor, startMs } from './support.ts';

const restlessProcess = fileURLToPath(new URL('restless-process.ts', import.meta.url));

/** Numbers in [0, 1) that are the same in each run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

test('outbox - every push answered with `stored` survives kill -9 at any moment', async (context) => {
  const { path, open } = outboxesFor(context);
  const random = seededRandom(20_261_101);
  const stored = new Set<number>();
  const settled = new Set<number>();
  for (let round = 0; round < 6; round += 1) {
    const linesToLive = 20 + Math.floor(random() * 1_500);
    const child = spawn(process.execPath, [restlessProcess, path, String(round * 1_000_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      (word === 'stored' ? stored : settled).add(Number(number));
      lines += 1;
      if (lines === linesToLive) child.kill('SIGKILL');
    }
    if (child.signalCode === null) await once(child, 'exit');
    assert.equal(child.signalCode, 'SIGKILL');

    const outbox = await open({ limits: { leased: 100_000 } });
    const found = new Set<number>();
    for (;;) {
      const claimed = await leaseNumbers(outbox, startMs, 1_000);
      if (claimed.length === 0) break;
      for (const n of claimed) {
        assert.ok(!found.has(n), `${n} came twice`);
        found.add(n);
      }
    }
    await outbox.close();
    const queued = stored.difference(settled);
    assert.ok(queued.size > 0);
    assert.deepEqual([...queued.difference(found)], [], `missing after round ${round}, ${lines} lines`);
  }
});
