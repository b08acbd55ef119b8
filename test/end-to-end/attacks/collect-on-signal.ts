// Preloaded by tests, with --expose-gc: collects garbage at SIGUSR2, so that memory still resident afterwards is in
// use.
process.on('SIGUSR2', () => {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
});
