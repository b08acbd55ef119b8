// Preloaded by tests, with --expose-gc: what is resident some moments after SIGUSR2 is really kept.
process.on('SIGUSR2', () => {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
});
