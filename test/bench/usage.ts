/** CPU time and memory of a process from Linux's /proc; see proc(5). */
import { readFile, writeFile } from 'node:fs/promises';
import type { Usage } from './protocol.ts';

/** Clock ticks of /proc: 100 per second on every Linux that Node runs on. */
const microsPerTick = 10_000;

/** Resources used by another process so far; CPU in steps of 10 ms. */
export async function readUsage(pid: number): Promise<Usage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before the parenthesis may contain spaces. User and system time are fields 14 and 15, the state is field
  // 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMicros: ticks * microsPerTick, peakRssBytes: await readPeakRss(pid) };
}

/** Resources used by this process so far. */
export async function readOwnUsage(): Promise<Usage> {
  const { user, system } = process.cpuUsage();
  // `resourceUsage().maxRSS` would start with the value of the parent.
  return { cpuMicros: user + system, peakRssBytes: await readPeakRss('self') };
}

/** Makes the peak of the resident memory what is resident now. */
export async function resetPeak(pid: number | 'self'): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function readPeakRss(pid: number | 'self'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
