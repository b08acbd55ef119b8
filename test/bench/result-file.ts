/** The files that the benchmark reads and writes: results (`--json`), and the committed ratios. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import type { CommittedRatio } from './ratios.ts';
import type { Row } from './rows.ts';

export interface Result {
  /** Processor, system and Node. */
  readonly machine: string;
  readonly rows: readonly Row[];
}

const ratiosPath = join(import.meta.dirname, 'ratios.json');

/** Processor, system and Node of this machine, and how busy it is. */
export function describeMachine(): string {
  const processors = cpus();
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return `${processors.length} x ${processors[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}, load before ${load}`;
}

export async function writeResult(path: string, { machine, rows }: Result): Promise<void> {
  await writeFile(path, `{"machine":${JSON.stringify(machine)},"rows":[\n${linesOf(rows)}\n]}\n`);
}

/** A file that `writeResult` wrote. */
export function readResult(path: string): Result {
  return JSON.parse(readFileSync(path, 'utf8')) as Result;
}

export function readCommittedRatios(): CommittedRatio[] {
  return JSON.parse(readFileSync(ratiosPath, 'utf8')) as CommittedRatio[];
}

export async function writeCommittedRatios(ratios: readonly CommittedRatio[]): Promise<void> {
  await writeFile(ratiosPath, `[\n${linesOf(ratios)}\n]\n`);
}

/** One JSON object a line, so that differences can be read. */
function linesOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(',\n');
}
