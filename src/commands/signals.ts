/** The signals that the process answers, from its first moment on: what comes while it starts is not lost. */
export interface Signals {
  /** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly terminated: AbortSignal;
  /** Calls this for each SIGHUP from now on, and at once if one came before. */
  onHangup(run: () => void): void;
}

/** Takes the signals over from the system, which would end the process by a SIGHUP. */
export function takeSignals(): Signals {
  const abort = new AbortController();
  let isHungUp = false;
  let hangup = (): void => {
    isHungUp = true;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => abort.abort());
  process.on('SIGHUP', () => hangup());
  return {
    terminated: abort.signal,
    onHangup(run) {
      hangup = run;
      if (isHungUp) run();
    },
  };
}

/** Resolves when the signal is aborted; at once if it was. */
export async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
