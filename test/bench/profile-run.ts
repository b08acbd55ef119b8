/** Where the CPU time of one cell goes: the server and both halves of its floor, profiled one after the other. */
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
import { addUpSelfTimes, profilingArguments, readProfiles, type SelfTimes } from './profile.ts';
import type { PushRequest } from './protocol.ts';
import { align } from './table.ts';
import type { World } from './world.ts';

/** Groups and functions below this are left out, microseconds per notification. */
const leastMicros = 0.5;
const functionsShown = 40;

interface Profiled {
  readonly measurement: Measurement;
  readonly times: SelfTimes;
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
    return { measurement, times: addUpSelfTimes(await readProfiles(folder), fromMicros, toMicros) };
  };
  const component = await profile('component', (profiling) => measureComponent(world, cell, profiling));
  const sender = await profile('sender', (profiling) => measureSender(world, cell, requests, profiling));
  const server = await profile('server', (profiling) => measureServer(world, cell, profiling));
  return {
    text: describe(server, sender, component),
    problems: [server, sender, component].flatMap(({ measurement }) => measurement.problems),
  };
}

function describe(server: Profiled, sender: Profiled, component: Profiled): string {
  const columns = [server, sender, component];
  const micros = (of: Profiled, group: string) => (of.times.groups.get(group) ?? 0) / of.measurement.count;
  const row = (name: string, [whole = 0, send = 0, answer = 0]: readonly number[]) => [
    name,
    ...[whole, send, answer, whole - send - answer].map((value) => value.toFixed(1)),
  ];
  const names = new Set(columns.flatMap(({ times }) => [...times.groups.keys()]));
  const groups = [...names]
    .map((name) => ({ name, values: columns.map((of) => micros(of, name)) }))
    .filter(({ values }) => Math.max(...values) >= leastMicros)
    .toSorted((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0));
  const sums = columns.map((of) => [...of.times.groups.values()].reduce((a, b) => a + b, 0) / of.measurement.count);
  const processes = columns.map(({ measurement }) => measurement.cpuMicros);
  return `Self time while profiling, µs per notification
${align([
  ['', 'server', 'sender', 'component', 'beyond'],
  ...groups.map(({ name, values }) => row(name, values)),
  row('sum', sums),
  row('CPU of the process, all threads', processes),
])}

Functions of the server, µs per notification
${describeFunctions(server)}`;
}

function describeFunctions({ times, measurement }: Profiled): string {
  return [...times.functions]
    .map(([name, micros]) => [name, micros / measurement.count] as const)
    .filter(([, micros]) => micros >= leastMicros)
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, functionsShown)
    .map(([name, micros]) => `${micros.toFixed(1).padStart(6)}  ${name}`)
    .join('\n');
}
