/** Reads what `node --cpu-prof` wrote and adds it up: self time by package or file, and by function. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The part of the format that matters here: devtools-protocol, `Profiler.Profile`. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Self times in microseconds, without what was idle. */
export interface SelfTimes {
  readonly groups: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, number>;
}

/** Options of Node that make a process leave a profile in `folder`. */
export function profilingArguments(folder: string): string[] {
  // V8's usual 1,000 µs are longer than handling a notification takes.
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'];
}

/** The profiles of all threads of a process that ended. */
export async function readProfiles(folder: string): Promise<CpuProfile[]> {
  const files = await readdir(folder);
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile));
}

/** Adds up what was sampled between two moments of the system's monotonic clock, microseconds. */
export function addUpSelfTimes(profiles: readonly CpuProfile[], fromMicros: number, toMicros: number): SelfTimes {
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const { nodes, startTime, samples, timeDeltas } of profiles) {
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    let atMicros = startTime;
    for (const [i, id] of samples.entries()) {
      atMicros += timeDeltas[i] ?? 0;
      const frame = frames.get(id);
      if (!frame || frame.functionName === '(idle)' || atMicros < fromMicros || atMicros > toMicros) continue;
      // A sample stands for the time until the next one.
      const micros = timeDeltas[i + 1] ?? 0;
      const place = placeOf(frame.url);
      const named = frame.functionName || '(anonymous)';
      const where = frame.url ? `${named}  ${place.file}:${frame.lineNumber + 1}` : named;
      add(groups, frame.url ? place.group : nativeGroup(named), micros);
      add(functions, where, micros);
    }
  }
  return { groups, functions };
}

const root = join(import.meta.dirname, '..', '..');

/** Where a script belongs: a package, a part of Node, or a file of our own. */
export function placeOf(url: string): { readonly group: string; readonly file: string } {
  if (url.startsWith('node:')) {
    const [part = ''] = url.slice('node:'.length).replace('internal/', '').split('/');
    return { group: `node ${part.replace(/^_/, '').replace(/_.*/, '')}`, file: url };
  }
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)).split(sep).join('/') : url;
  const parts = path.split('/');
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return { group: path, file: path };
  const name = parts[at + 1] ?? '';
  return { group: name.startsWith('@') ? `${name}/${parts[at + 2] ?? ''}` : name, file: parts.slice(at + 1).join('/') };
}

/** `(garbage collector)` and `(program)` as they are; everything else without a script is C++ of Node or V8. */
function nativeGroup(name: string): string {
  return name.startsWith('(') && name !== '(anonymous)' ? name : 'native functions';
}

function add(sums: Map<string, number>, key: string, micros: number): void {
  sums.set(key, (sums.get(key) ?? 0) + micros);
}
