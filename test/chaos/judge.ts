import type { ChaosReport } from './chaos.ts';
import type { Figure } from './figures.ts';

/**
 * Of the calls that were answered `result`, percent that may never arrive. A call is queued for half a minute; what ends some
 * of them is a provider that hangs, a server that is down and a clock that is set back while calls are queued.
 */
const missedCallsPercent = 10;

/** What must be true of every run, whatever the weather. */
export function judge({ ledger, registrationsLost }: ChaosReport): Figure[] {
  const calls = ledger.promisedCalls().length;
  const missed = ledger.missedCalls().length;
  return [
    { name: 'slowest push to a living device', value: ledger.slowestMs() / 1000, unit: 's' },
    { name: 'lost', value: ledger.lost().length, most: 0 },
    { name: 'calls answered result', value: calls, least: 1 },
    { name: 'calls of those that never arrived', value: missed },
    { name: 'the same in percent', value: (missed / calls) * 100, unit: '%', most: missedCallsPercent },
    { name: 'calls that rang too late', value: ledger.late().length, most: 0 },
    { name: 'copies with different apns-id', value: ledger.torn().length, most: 0 },
    { name: 'copies to another device', value: ledger.astray.size, most: 0 },
    { name: 'registrations lost', value: registrationsLost, most: 0 },
  ];
}
