import { readFile } from 'node:fs/promises';

/** Memory that a process has of the machine now, including all threads and memory outside the heap. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
