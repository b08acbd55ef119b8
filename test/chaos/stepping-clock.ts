/**
 * Loaded before the server (`--import`): wall time steps back by ten minutes at SIGUSR2, as NTP or an operator may make
 * it. The monotonic clock goes on as it was. `?set-back` behind the file's name: that happened before the start.
 */
const stepMs = -600_000;
const realNow = Date.now.bind(Date);
let steppedMs = new URL(import.meta.url).searchParams.has('set-back') ? stepMs : 0;
Date.now = () => realNow() + steppedMs;
process.on('SIGUSR2', () => {
  steppedMs += stepMs;
});
