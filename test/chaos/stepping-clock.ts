/**
 * Loaded before the server (`--import`): wall time steps back by ten minutes at SIGUSR2, as NTP or an operator may make
 * it. The monotonic clock goes on as it was.
 */
const realNow = Date.now.bind(Date);
let steppedMs = 0;
Date.now = () => realNow() + steppedMs;
process.on('SIGUSR2', () => {
  steppedMs -= 600_000;
});
