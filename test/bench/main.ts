/**
 * `npm run bench`: CPU, throughput and latency of the server next to the lowest cost of the same work on this machine.
 */
import { cpus, loadavg, release } from 'node:os';
import { measureIsolation } from './isolation.ts';
import { type Options, readOptions, usage } from './options.ts';
import { profileCell } from './profile-run.ts';
import { cellOf, runRounds } from './rounds.ts';
import { writeTables } from './table.ts';
import { recordRequests, startWorld } from './world.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  try {
    const options = readOptions(args);
    if (options === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    if (process.platform !== 'linux') throw new Error('needs Linux: CPU time and memory are read from /proc');
    const problems = await run(options, interruption.signal);
    for (const problem of problems) process.stderr.write(`NOT AS IT SHOULD BE: ${problem}\n`);
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${interruption.signal.aborted ? 'interrupted' : text}\n`);
    return 1;
  }
}

/** Resolves with problems that invalidate the figures. */
async function run(options: Options, signal: AbortSignal): Promise<readonly string[]> {
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  const report = (text: string) => void process.stderr.write(`${text}\n`);
  say(describeMachine());
  await using world = await startWorld(signal);
  report(`registering ${options.devices} devices with each provider`);
  const requests = await recordRequests(world, options.devices);
  const { providers, windows, rounds, count, warmUp } = options;

  if (options.isolation) {
    const { text, problems } = await measureIsolation(world, options, report);
    say(text);
    return problems;
  }
  if (options.profile) {
    const [provider = 'apns'] = providers;
    const [window = 50] = windows;
    say(`Profile of ${provider} at window ${window}: ${count} notifications after ${warmUp}\n`);
    const { text, problems } = await profileCell(world, cellOf(provider, window, options), requests[provider]);
    say(text);
    return problems;
  }
  const results = await runRounds(world, options, requests, report);
  say(
    `Medians over rounds: ${rounds}; ${count} notifications each (a quarter at window 1) after ${warmUp} to warm up; 1,200\n` +
      `base64 characters of ciphertext, ${options.devices} devices. CPU per notification: of the process, all threads. Floor:\n` +
      `sending the same request bare and answering the same stanza bare. Times: from stanza to answer.\n` +
      (options.quick ? `--quick: shows that it runs; too short for figures that mean anything.\n` : ''),
  );
  say(writeTables(results));
  return results.flatMap(({ provider, window, ...measured }) =>
    Object.entries(measured).flatMap(([name, { problems }]) =>
      problems.map((problem) => `${provider}, window ${window}, ${name}: ${problem}`),
    ),
  );
}

function describeMachine(): string {
  const processors = cpus();
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return `${processors.length} x ${processors[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}, load before ${load}`;
}
