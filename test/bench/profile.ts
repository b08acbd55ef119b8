/** Reads the profiles of `node --cpu-prof` and counts their samples, by package or file and by function. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The part of the format needed here: devtools-protocol, `Profiler.Profile`. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Number of samples by what the process was executing. */
export interface Samples {
  readonly total: number;
  /** By package or file. Time in what these call counts there instead, except for C++. */
  readonly groups: ReadonlyMap<string, number>;
  /** By function, likewise. */
  readonly functions: ReadonlyMap<string, number>;
  /** By function of our own, including what it calls in packages and Node up to the next function of our own. */
  readonly own: ReadonlyMap<string, number>;
}

/** Node options that make a process write a profile to `folder`. */
export function profilingArguments(folder: string): string[] {
  // V8's default of 1,000 µs is longer than handling a notification takes.
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'];
}

/** The profiles of all threads of a process that ended. */
export async function readProfiles(folder: string): Promise<CpuProfile[]> {
  const files = await readdir(folder);
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile));
}

/**
 * Counts the samples between two times of the system's monotonic clock, in microseconds. It counts samples rather than
 * the time between them, since with every core busy the sampler itself is late, mostly after a wait.
 */
export function countSamples(profiles: readonly CpuProfile[], fromMicros: number, toMicros: number): Samples {
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  const own = new Map<string, number>();
  let total = 0;
  for (const { nodes, startTime, samples, timeDeltas } of profiles) {
    const places = locate(nodes);
    let atMicros = startTime;
    for (const [i, id] of samples.entries()) {
      atMicros += timeDeltas[i] ?? 0;
      const place = places.get(id);
      if (!place || place.name === '(idle)' || atMicros < fromMicros || atMicros > toMicros) continue;
      total += 1;
      count(groups, place.group);
      count(functions, place.name);
      if (place.own !== undefined) count(own, place.own);
    }
  }
  return { total, groups, functions, own };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

interface Place {
  readonly group: string;
  readonly name: string;
  readonly own?: string;
}

/** C++ and regular expressions have no script of their own and count for their caller. */
function locate(nodes: readonly ProfileNode[]): Map<number, Place> {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
  const nearest = (node: ProfileNode, wanted: (url: string) => boolean) => {
    let at: ProfileNode | undefined = node;
    while (at && !wanted(at.callFrame.url)) at = parents.get(at.id);
    return at;
  };
  return new Map(
    nodes.map((node) => {
      const { functionName, url } = node.callFrame;
      // `(garbage collector)`, `(program)`, `(idle)`.
      if (!url && /^\(.*\)$/.test(functionName)) return [node.id, { group: functionName, name: functionName }];
      const scripted = nearest(node, (each) => each !== '');
      const owner = nearest(node, isOwn);
      const own = owner && { own: nameOf(owner) };
      if (!scripted) return [node.id, { group: 'native', name: functionName || '(native)', ...own }];
      const by = nameOf(scripted);
      const name = scripted === node ? by : `${functionName || '(native)'} < ${by}`;
      return [node.id, { group: scriptOf(scripted.callFrame.url).group, name, ...own }];
    }),
  );
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  return `${functionName || '(anonymous)'}  ${scriptOf(url).file}:${lineNumber + 1}`;
}

function isOwn(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/');
}

const root = join(import.meta.dirname, '..', '..');

/** Group of a script: a package, a part of Node, or a file of our own. */
export function scriptOf(url: string): { readonly group: string; readonly file: string } {
  if (url.startsWith('node:')) {
    const [part = ''] = url.slice('node:'.length).replace('internal/', '').split('/');
    return { group: `node ${part.replace(/^_/, '')}`, file: url };
  }
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)).split(sep).join('/') : url;
  const parts = path.split('/');
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return { group: path, file: path };
  const name = parts[at + 1] ?? '';
  return { group: name.startsWith('@') ? `${name}/${parts[at + 2] ?? ''}` : name, file: parts.slice(at + 1).join('/') };
}
