/** The signals that the process answers, from its first moment on: what comes while it starts is not lost. */
export interface Signals {
  /** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly terminated: AbortSignal;
  /** Calls this for each SIGHUP from now on, and at once if one came before. */
  onHangup(run: () => void): void;
  /** A SIGHUP means the same as SIGTERM: for what runs in a terminal. */
  endByHangup(): void;
  /** Leaves them to the system again: each ends the process. For commands that have nothing to tidy up. */
  release(): void;
}

const endings = ['SIGTERM', 'SIGINT'] as const;

/** Takes the signals over from the system, which would end the process by a SIGHUP. */
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
      // One that came before is not lost either.
      if (isHungUp) process.kill(process.pid, 'SIGHUP');
      if (abort.signal.aborted) process.kill(process.pid, 'SIGTERM');
    },
  };
}

/** Resolves when the signal is aborted; at once if it was. */
export async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
