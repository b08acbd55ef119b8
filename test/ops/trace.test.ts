import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import type { TraceEvent, TraceRequest } from '../../src/core/trace.ts';
import { createOpsListener } from '../../src/ops/listener.ts';
import { manualClock, turns, turnsUntil } from '../support/clock.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { adminOf } from './admin.ts';

const event: TraceEvent = { at: '2026-11-01T00:00:00.000Z', device: '0123456789ab', step: 'authorized' };

/** The route over a tracer that a test plays. */
async function start(t: TestContext) {
  const clock = manualClock();
  const running = new Set<TraceRequest>();
  const listener = await createOpsListener({
    ...{ host: '127.0.0.1', port: 0, clock },
    health: () => Promise.resolve({ status: 'pass', checks: {} }),
    admin: adminOf({
      token: createSecret('right'),
      tracing: {
        follow(given) {
          running.add(given);
          return { skipped: 0, stop: () => void running.delete(given) };
        },
      },
    }),
    ...quietTelemetry(),
  });
  t.after(() => listener.close());
  const open = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${listener.url}${path}`, { headers: { authorization: 'Bearer right' } }, resolve);
      sent.on('error', reject).end();
    });
  await turns(2);
  /** The listener's own. */
  const timers = clock.waiting;
  return { clock, timers, running, open, tell: (one: TraceEvent) => running.forEach(({ onEvent }) => onEvent(one)) };
}

test('trace route - answers with server-sent events, literally', async (t) => {
  const { clock, timers, running, open, tell } = await start(t);
  const response = await open('/trace?fingerprint=0123456789ab&seconds=5');
  const { headers, statusCode } = response;
  assert.deepEqual(
    [statusCode, headers['content-type'], headers['cache-control']],
    [200, 'text/event-stream', 'no-store'],
  );
  const [given] = running;
  assert.deepEqual([given?.devices, given?.account, given?.forMs], [['0123456789ab'], undefined, 5_000]);
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => (text += part));
  tell(event);
  await turnsUntil('the step', () => text.includes('authorized'));
  clock.advance(15_000);
  await turnsUntil('the comment', () => text.includes(': still here'));
  given?.onEnd('time-over');
  await turnsUntil('the end', () => response.readableEnded);
  assert.equal(
    text,
    'event: begin\ndata: {"devices":["0123456789ab"],"forSeconds":5}\n\n' +
      'event: step\ndata: {"at":"2026-11-01T00:00:00.000Z","device":"0123456789ab","step":"authorized","text":"the publisher may publish"}\n\n' +
      ': still here\n\n' +
      'event: end\ndata: {"reason":"time-over"}\n\n',
  );
  assert.equal(clock.waiting, timers);
});

test('trace route - a reader that goes ends the trace', async (t) => {
  const { clock, timers, running, open } = await start(t);
  const response = await open('/trace?fingerprint=0123456789ab');
  assert.equal(running.size, 1);
  response.destroy();
  await turnsUntil('the end of the trace', () => running.size === 0);
  assert.equal(clock.waiting, timers);
});

test('trace route - a reader that is slow costs 256 KB, and hears how many steps it missed', async (t) => {
  const { open, tell } = await start(t);
  const response = await open('/trace?fingerprint=0123456789ab');
  // Far more than sockets hold.
  const sent = 8_000;
  const long: TraceEvent = { ...event, app: 'x'.repeat(4_000) };
  for (let i = 0; i < sent; i += 1) {
    tell(long);
    if (i % 100 === 0) await turns(1);
  }
  const heard = { steps: 0, missed: 0 };
  const lines = createInterface({ input: response });
  lines.on('line', (line) => {
    if (line === 'event: step') heard.steps += 1;
    const [, missed] = /^data: \{"steps":(\d+)\}$/.exec(line) ?? [];
    heard.missed += Number(missed ?? 0);
  });
  for (let last = -1; last !== heard.steps; await turns(500)) last = heard.steps;
  tell(event);
  await turnsUntil('what was missed', () => heard.missed > 0 && heard.steps + heard.missed === sent + 1);
  assert.ok(heard.missed > 1_000, `${heard.missed} missed`);
  response.destroy();
});

test('trace route - a request names an account or a device, and a time of an hour at most', async (t) => {
  const { running, open } = await start(t);
  for (const query of [
    '',
    '?fingerprint=0123456789ab&account=romeo@example.net',
    '?fingerprint=0123456789AB',
    '?fingerprint=0123456789ab&seconds=0',
    '?fingerprint=0123456789ab&seconds=36000',
    '?account=romeo',
  ]) {
    const response = await open(`/trace${query}`);
    assert.equal(response.statusCode, 400, query);
    response.resume();
  }
  (await open('/trace?fingerprint=0123456789ab&seconds=9999')).destroy();
  assert.equal([...running][0]?.forMs, 3_600_000);
});
