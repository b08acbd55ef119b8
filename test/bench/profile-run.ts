/** Shows where the CPU time of one cell goes: profiles the server and both halves of its floor, one after the other. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Cell,
  measureComponent,
  type Measurement,
  measureSender,
  measureServer,
  type Profiling,
} from './measure.ts';
import { countSamples, profilingArguments, readProfiles, type Samples } from './profile.ts';
import type { PushRequest } from './protocol.ts';
import { align } from './table.ts';
import type { World } from './world.ts';

/** Groups and functions below this are omitted, in microseconds per notification. */
const leastMicros = 0.5;
const functionsShown = 30;

interface Profiled {
  readonly measurement: Measurement;
  readonly samples: Samples;
}

export interface ProfileReport {
  readonly text: string;
  readonly problems: readonly string[];
}

export async function profileCell(world: World, cell: Cell, requests: readonly PushRequest[]): Promise<ProfileReport> {
  const profile = async (name: string, run: (profiling: Profiling) => Promise<Measurement>): Promise<Profiled> => {
    const folder = join(world.folder, name);
    await mkdir(folder);
    const measurement = await run({ nodeArguments: profilingArguments(folder) });
    const { fromMicros, toMicros } = measurement;
    return { measurement, samples: countSamples(await readProfiles(folder), fromMicros, toMicros) };
  };
  const component = await profile('component', (profiling) => measureComponent(world, cell, profiling));
  const sender = await profile('sender', (profiling) => measureSender(world, cell, requests, profiling));
  const server = await profile('server', (profiling) => measureServer(world, cell, profiling));
  return {
    text: describe(server, sender, component),
    problems: [server, sender, component].flatMap(({ measurement }) => measurement.problems),
  };
}

/** Microseconds of CPU per notification that this many samples stand for. */
const share = ({ measurement, samples }: Profiled, count = 0) => (measurement.cpuMicros * count) / samples.total;

function describe(server: Profiled, sender: Profiled, component: Profiled): string {
  const columns = [server, sender, component];
  const row = (name: string, [whole = 0, send = 0, answer = 0]: readonly number[]) => [
    name,
    ...[whole, send, answer, whole - send - answer].map((value) => value.toFixed(1)),
  ];
  const groups = [...new Set(columns.flatMap(({ samples }) => [...samples.groups.keys()]))]
    .map((name) => ({ name, values: columns.map((of) => share(of, of.samples.groups.get(name))) }))
    .filter(({ values }) => Math.max(...values) >= leastMicros)
    .toSorted((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0));
  const processes = columns.map(({ measurement }) => measurement.cpuMicros);
  const counts = columns.map(({ samples }) => String(samples.total));
  return `CPU µs per notification while profiling: the process's time (all threads) by its share of samples
${align([
  ['', 'server', 'sender', 'component', 'beyond'],
  ...groups.map(({ name, values }) => row(name, values)),
  row('all', processes),
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
