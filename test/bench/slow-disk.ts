// node test/bench/slow-disk.ts [--seconds 60] [--register 1000] [--publish 100] [--sync 5]: registers new devices on a disk that takes
// so many milliseconds for each sync, and measures what publishes to others wait meanwhile. Needs a C compiler.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { publish, register } from '../chaos/traffic.ts';
import { ciphertextOf } from '../chaos/ledger.ts';
import { startWorld } from '../support/sealpost.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    register: { type: 'string', default: '1000' },
    publish: { type: 'string', default: '100' },
    sync: { type: 'string', default: '5' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'sealpost-slow-disk-'));
const source = join(folder, 'slow.c');
const library = join(folder, 'slow.so');
writeFileSync(
  source,
  `#include <time.h>
  #include <unistd.h>
  #include <sys/syscall.h>
  static int slowly(long call, int file) {
    struct timespec pause = { 0, ${Number(values.sync)} * 1000000L };
    nanosleep(&pause, 0);
    return (int) syscall(call, file);
  }
  int fdatasync(int file) { return slowly(SYS_fdatasync, file); }
  int fsync(int file) { return slowly(SYS_fsync, file); }`,
);
execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source]);
process.env['LD_PRELOAD'] = library;

const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
const world = await startWorld({
  limits: { publishesPerDomain: unlimited, commandsPerDomain: unlimited, pushesPerRegistration: unlimited },
  registrations: { newPerDay: 10_000_000 },
});
const known = await Promise.all(Array.from({ length: 100 }, (_, i) => register(world.acceptor, i, 'apns')));
const registering: number[] = [];
const publishing: number[] = [];
const answers = new Map<string, number>();
const underWay = new Set<Promise<void>>();

/** Starts work so many times a second until the time is over. */
async function steadily(perSecond: number, work: (i: number) => Promise<void>): Promise<void> {
  const startedAtMs = performance.now();
  for (let sent = 0; performance.now() - startedAtMs < Number(values.seconds) * 1_000; await pause(5)) {
    const due = ((performance.now() - startedAtMs) / 1_000) * perSecond;
    for (; sent < due; sent += 1) {
      const running = work(sent).finally(() => underWay.delete(running));
      underWay.add(running);
    }
  }
}

const timed = async (times: number[], work: () => Promise<unknown>) => {
  const startedAtMs = performance.now();
  await work();
  times.push(performance.now() - startedAtMs);
};
const percentile = (times: number[], part: number) => {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(1);
};

await Promise.all([
  steadily(Number(values.register), (i) => timed(registering, () => register(world.acceptor, 1_000 + i, 'apns'))),
  steadily(Number(values.publish), (i) =>
    timed(publishing, async () => {
      const id = `p${i}`;
      const xml = publish(id, known[i % known.length]?.node ?? '', ciphertextOf(i), 'alert');
      const answer = answerWord(
        await world.acceptor.request({ id, from: 'localhost', to: 'push.localhost', xml }, 25_000),
      );
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }),
  ),
]);
await Promise.all(underWay);
for (const [name, times] of [
  ['registering', registering],
  ['publishing', publishing],
] as const) {
  console.log(`${name}: ${times.length}, p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`);
}
console.log(`answers: ${[...answers].map(([answer, count]) => `${answer} ${count}`).join(', ')}`);
await world.stop();
rmSync(folder, { recursive: true });
