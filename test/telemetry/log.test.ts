import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/telemetry/log.ts';

test('log - a line has its time, level, message and fields, and nothing of the machine', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  log.debug({ reason: 'unseen' }, 'below the level');
  log.warn({ app: 'siskin', reason: 'ECONNRESET', durationMs: 20 }, 'the provider gets probes only');
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    level: 40,
    app: 'siskin',
    reason: 'ECONNRESET',
    durationMs: 20,
    msg: 'the provider gets probes only',
  });
});
