/** Shows where the CPU time goes: profiles the server and its floor, and sorts the samples by stage, script and function. */
import { join } from 'node:path';
import { devicesFor } from './cases/steady.ts';
import type { Plan } from './cases/contract.ts';
import type { Sample } from './measure.ts';
import { startPair } from './pair.ts';
import { drawStages } from './picture.ts';
import { countSamples, profilingArguments, readProfiles, type Samples } from './profile.ts';
import { stagesOf } from './stages.ts';
import { align } from './table.ts';
import { registerDevices, startWorld } from './world.ts';

/** Groups and functions below this are omitted, in microseconds per notification. */
const leastMicros = 0.5;
const functionsShown = 30;

interface Profiled {
  readonly sample: Sample;
  readonly samples: Samples;
}

export interface ProfileReport {
  readonly text: string;
  /** SVG. */
  readonly picture: string;
  readonly problems: readonly string[];
}

/** Measures the first provider of the plan at its first window, once. */
export async function profilePair(
  { providers: [provider = 'apns'], windows: [window = 50], count, warmUp }: Plan,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (text: string) => void },
): Promise<ProfileReport> {
  await using world = await startWorld(signal);
  const store = await world.stores.sqlite('few');
  report('registering devices');
  await registerDevices(world, store, [provider], devicesFor(count + warmUp));
  const [serverFolder, floorFolder] = [await world.createFolder(), await world.createFolder()];
  const measured = await (async () => {
    await using pair = await startPair(world, {
      store,
      provider,
      warmUp: { count: warmUp, window },
      nodeArguments: profilingArguments(serverFolder),
      floorArguments: profilingArguments(floorFolder),
    });
    report(`profiling ${provider} at window ${window}`);
    const [round] = await pair.alternate({ count, window }, 1);
    return { ...round, problems: pair.problems };
  })();
  // Both have ended and so have written their profiles.
  const profiled = async (sample: Sample | undefined, folder: string): Promise<Profiled> => {
    if (!sample) throw new Error('nothing was measured');
    const { fromMicros, toMicros } = sample;
    return { sample, samples: countSamples(await readProfiles(join(folder)), fromMicros, toMicros) };
  };
  const server = await profiled(measured.server, serverFolder);
  const floor = await profiled(measured.floor, floorFolder);
  const title = `${provider === 'apns' ? 'APNs' : 'FCM'}, window ${window}: CPU µs per push by stage`;
  const columns = [
    { name: 'server', stages: stagesOf(server.samples.groups, server.sample.cpuUs / server.samples.total) },
    { name: 'floor', stages: stagesOf(floor.samples.groups, floor.sample.cpuUs / floor.samples.total) },
  ];
  return {
    text: `Profile of ${provider} at window ${window}: ${count} notifications after ${warmUp}\n\n${describe(server, floor)}`,
    picture: drawStages(title, columns),
    problems: [...measured.problems, ...server.sample.problems, ...floor.sample.problems],
  };
}

/** Microseconds of CPU per notification that this many samples stand for. */
const share = ({ sample, samples }: Profiled, count = 0) => (sample.cpuUs * count) / samples.total;

function describe(server: Profiled, floor: Profiled): string {
  const columns = [server, floor];
  const row = (name: string, [whole = 0, bare = 0]: readonly number[]) => [
    name,
    ...[whole, bare, whole - bare].map((value) => value.toFixed(1)),
  ];
  const groups = [...new Set(columns.flatMap(({ samples }) => [...samples.groups.keys()]))]
    .map((name) => ({ name, values: columns.map((of) => share(of, of.samples.groups.get(name))) }))
    .filter(({ values }) => Math.max(...values) >= leastMicros)
    .toSorted((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0));
  const all = columns.map(({ sample }) => sample.cpuUs);
  const counts = columns.map(({ samples }) => String(samples.total));
  return `CPU µs per notification while profiling: the process's time (all threads) by its share of samples
${align([
  ['', 'server', 'floor', 'beyond'],
  ...groups.map(({ name, values }) => row(name, values)),
  row('all', all),
  ['samples', ...counts, ''],
])}

Functions of the server; "a < b": a has no script of its own and was called by b
${describeFunctions(server, server.samples.functions)}

Functions of our own with what they call in packages and Node, until the next one of our own
${describeFunctions(server, server.samples.own)}`;
}

function describeFunctions(server: Profiled, functions: ReadonlyMap<string, number>): string {
  return [...functions]
    .map(([name, count]) => ({ name, micros: share(server, count) }))
    .filter(({ micros }) => micros >= leastMicros)
    .toSorted((a, b) => b.micros - a.micros)
    .slice(0, functionsShown)
    .map(({ name, micros }) => `${micros.toFixed(1).padStart(6)}  ${name}`)
    .join('\n');
}
