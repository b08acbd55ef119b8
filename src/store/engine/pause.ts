import type { Clock } from '../../time/clock.ts';

/** Waits, and keeps the process alive meanwhile: at a start nothing else does. */
export async function pause(clock: Pick<Clock, 'after'>, ms: number): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  try {
    await new Promise<void>((resolve) => void clock.after(ms, resolve));
  } finally {
    clearInterval(alive);
  }
}
