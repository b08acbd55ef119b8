/**
 * Loaded before the server (`--import`). On SIGUSR2 wall time steps back by ten minutes, as NTP or an operator may set
 * it, while the monotonic clock goes on. With `?set-back` after the file name the step happened before the start.
 */
const stepMs = -600_000;
const realNow = Date.now.bind(Date);
let steppedMs = new URL(import.meta.url).searchParams.has('set-back') ? stepMs : 0;
Date.now = () => realNow() + steppedMs;
process.on('SIGUSR2', () => {
  steppedMs += stepMs;
});
