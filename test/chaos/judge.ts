import type { ChaosReport } from './chaos.ts';
import type { Figure } from './figures.ts';

/**
 * Percent of the calls answered with `result` that may never arrive. A call is queued for half a minute; some expire
 * because a provider hangs and the server is down meanwhile.
 */
const missedCallsPercent = 10;

/** Requirements on every run. */
export function judge(report: ChaosReport): Figure[] {
  const { ledger, registrationsLost, registrationsUndecided, recoveries, restartErrors } = report;
  const calls = ledger.promisedCalls.length;
  const missed = ledger.missedCalls.length;
  return [
    { name: 'slowest push to a living device', value: ledger.slowestMs / 1000, unit: 's' },
    { name: 'lost', value: ledger.lost.length, most: 0 },
    { name: 'calls answered result', value: ledger.answeredCalls, least: 1 },
    { name: 'calls that could arrive', value: calls },
    { name: 'calls of those that never arrived', value: missed },
    { name: 'the same in percent', value: (missed / Math.max(1, calls)) * 100, unit: '%', most: missedCallsPercent },
    { name: 'calls that rang too late', value: ledger.late.length, most: 0 },
    { name: 'copies with different apns-id', value: ledger.torn.length, most: 0 },
    { name: 'copies to another device', value: ledger.astray.length, most: 0 },
    { name: 'registrations lost', value: registrationsLost, most: 0 },
    { name: 'registrations of which nobody can tell', value: registrationsUndecided, most: 0 },
    ...[...recoveries].map(([fault, ms]) => ({
      name: `as many answered as before after: ${fault}`,
      value: ms / 1000,
      unit: 's',
    })),
    ...[...restartErrors].map(([answer, value]) => ({
      name: `answered ${answer} in a rolling restart`,
      value,
      // Of devices that the provider calls dead.
      ...(answer !== 'cancel/item-not-found' && { most: 0 }),
    })),
  ];
}
