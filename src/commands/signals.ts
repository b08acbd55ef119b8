/** The signals that the process handles from its first moment on, so that none is lost while it starts. */
export interface Signals {
  /** Aborted by the first SIGTERM or SIGINT. A second one ends the process at once. */
  readonly terminated: AbortSignal;
  /** Calls `run` for each SIGHUP from now on, and at once if one arrived before. */
  onHangup(run: () => void): void;
  /** Makes SIGHUP mean the same as SIGTERM, for commands that run in a terminal. */
  endByHangup(): void;
  /** Restores the system's handling, so that each signal ends the process. For commands with nothing to clean up. */
  release(): void;
}

const endings = ['SIGTERM', 'SIGINT'] as const;

/** Takes the signals over from the system, which would end the process on SIGHUP. */
export function takeSignals(): Signals {
  const abort = new AbortController();
  let isHungUp = false;
  let hangup = (): void => {
    isHungUp = true;
  };
  const onHangup = (run: () => void) => {
    hangup = run;
    if (isHungUp) run();
  };
  const end = () => abort.abort();
  const hearHangup = () => hangup();
  for (const signal of endings) process.once(signal, end);
  process.on('SIGHUP', hearHangup);
  return {
    terminated: abort.signal,
    onHangup,
    endByHangup: () => onHangup(end),
    release() {
      for (const signal of endings) process.off(signal, end);
      process.off('SIGHUP', hearHangup);
      // Repeats a signal that arrived before.
      if (isHungUp) process.kill(process.pid, 'SIGHUP');
      if (abort.signal.aborted) process.kill(process.pid, 'SIGTERM');
    },
  };
}

/** Resolves when the signal is aborted. */
export async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
