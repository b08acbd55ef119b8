import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LINK_TIMING } from '../../../src/xmpp/stream/limits.ts';
import { type DisconnectReason, retryDelay, streamErrorReason } from '../../../src/xmpp/stream/disconnect-reasons.ts';

const delays = (reason: DisconnectReason, chance: number) =>
  [0, 1, 2, 3, 4, 5, 1_000].map((failures) => retryDelay(reason, failures, LINK_TIMING, () => chance));

it('disconnect reasons - after a lost connection the pause is any part of an interval that grows to four seconds', () => {
  assert.deepEqual(delays('closed', 0), [0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(delays('connect-failed', 0.5), [250, 500, 1_000, 2_000, 2_000, 2_000, 2_000]);
  assert.ok(delays('reset', 0.999_999).every((delayMs) => delayMs < 4_000));
});

it('disconnect reasons - after a refusal it is at least half of an interval that grows to five minutes', () => {
  assert.deepEqual(delays('conflict', 0), [15_000, 30_000, 60_000, 120_000, 150_000, 150_000, 150_000]);
  assert.deepEqual(delays('not-authorized', 0.5), [22_500, 45_000, 90_000, 180_000, 225_000, 225_000, 225_000]);
});

it('disconnect reasons - every stream error has a reason, unknown and missing conditions too', () => {
  const rows: [string | undefined, DisconnectReason][] = [
    ['conflict', 'conflict'],
    ['not-authorized', 'not-authorized'],
    ['host-unknown', 'host-unknown'],
    ['host-gone', 'host-unknown'],
    ['see-other-host', 'see-other-host'],
    ['system-shutdown', 'system-shutdown'],
    ['policy-violation', 'policy-violation'],
    ['invalid-from', 'stream-error'],
    ['toString', 'stream-error'],
    [undefined, 'stream-error'],
  ];
  for (const [condition, reason] of rows) assert.equal(streamErrorReason(condition), reason);
});
