import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseArgs } from 'node:util';
import { properties } from './properties.ts';

// Usage: `npm run fuzz` until something is found or it is interrupted; `-- --minutes 60 --seed 1` otherwise. Each round
// tries every property for some seconds with a seed of its own, which repeats a failure together with the printed path.

/** Milliseconds for one property in one round. */
const roundMs = 10_000;
/** Milliseconds. A case takes about one; a round that is this late hangs, however busy the machine is. */
const hangsAfterMs = 300_000;
/** Most growth of the heap since the first round, after garbage collection. */
const growthBytes = 32 * 1_048_576;

interface Round {
  readonly round: number;
  readonly cases: number;
  readonly heapBytes: number;
  readonly failure?: string;
}

if (isMainThread) watch();
else fuzz(workerData as { seed: number; untilMs: number });

/** The thread that can report when the other one hangs. */
function watch(): void {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const seed = Number(values.seed);
  const startedMs = performance.now();
  let cases = 0;
  let last: Round | undefined;
  let firstHeapBytes: number | undefined;
  let saidMs = startedMs;

  const summary = () => {
    const seconds = (performance.now() - startedMs) / 1_000;
    const heap = last ? `, heap ${(last.heapBytes / 1_048_576).toFixed(1)} MB` : '';
    const rate = Math.round(cases / seconds);
    return `seed ${seed}: ${cases} cases in ${(seconds / 60).toFixed(1)} min, ${rate} cases/s${heap}`;
  };
  const fail = (what: string) => {
    console.log(`${what}\n${summary()}`);
    process.exit(1);
  };
  const expectRound = () => setTimeout(() => fail(`round ${(last?.round ?? -1) + 1} hangs`), hangsAfterMs);

  console.log(`seed ${seed}`);
  let hang = expectRound();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { seed, untilMs: Date.now() + Number(values.minutes) * 60_000 },
  });
  worker.on('message', (round: Round) => {
    clearTimeout(hang);
    hang = expectRound();
    last = round;
    cases += round.cases;
    firstHeapBytes ??= round.heapBytes;
    if (round.failure !== undefined) fail(`round ${round.round} found:\n${round.failure}`);
    if (round.heapBytes - firstHeapBytes > growthBytes) fail('the heap grows');
    if (performance.now() - saidMs < 60_000) return;
    saidMs = performance.now();
    console.log(summary());
  });
  worker.on('error', (error) => fail(`the fuzzer itself failed: ${String(error)}`));
  worker.on('exit', () => {
    console.log(`${summary()}: nothing found`);
    process.exit(0);
  });
  process.on('SIGINT', () => {
    console.log(`${summary()}: nothing found, interrupted`);
    process.exit(0);
  });
}

function fuzz({ seed, untilMs }: { readonly seed: number; readonly untilMs: number }): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; Date.now() < untilMs; round += 1) {
    let cases = 0;
    let failure: string | undefined;
    try {
      for (const property of properties) {
        const forMs = Math.min(roundMs, Math.max(1, untilMs - Date.now()));
        property.run({ seed: seed + round, forMs, onCase: () => (cases += 1) });
      }
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    collect();
    const { heapUsed } = process.memoryUsage();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    parentPort?.postMessage({ round, cases, heapBytes: heapUsed, ...(failure !== undefined && { failure }) });
    if (failure !== undefined) return;
  }
}
