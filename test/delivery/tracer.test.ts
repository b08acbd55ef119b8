import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceEvent } from '../../src/core/trace.ts';
import { createTracer, tracesAtOnce } from '../../src/delivery/tracer.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { manualClock } from '../support/clock.ts';

const authorized = { step: 'authorized' } as const;
const of = (name: string) => [fingerprint(name)];

function setUp() {
  const clock = manualClock();
  const tracer = createTracer({ clock });
  const follow = (devices: readonly string[], account?: string, forMs = 60_000) => {
    const events: TraceEvent[] = [];
    const ends: string[] = [];
    const trace = tracer.follow({
      ...{ devices, forMs, ...(account !== undefined && { account }) },
      onEvent: (event) => void events.push(event),
      onEnd: (reason) => void ends.push(reason),
    });
    return { trace, events, ends };
  };
  return { clock, tracer, sink: tracer.sink, follow };
}

test('tracer - is active only while somebody follows a device', () => {
  const { sink, follow, clock } = setUp();
  assert.equal(sink.isActive, false);
  const { trace } = follow(of('n1'));
  assert.equal(sink.isActive, true);
  trace?.stop();
  assert.deepEqual([sink.isActive, clock.waiting], [false, 0]);
});

test('tracer - tells the steps of the device that is followed, without its node and account', () => {
  const { sink, follow } = setUp();
  const { events } = follow(of('n1'));
  sink.add({ node: 'n1', account: 'romeo@example.net', app: 'siskin' }, authorized);
  sink.add({ node: 'n2', account: 'romeo@example.net', app: 'siskin' }, authorized);
  assert.deepEqual(events, [
    { at: '2026-11-01T00:00:00.000Z', device: fingerprint('n1'), app: 'siskin', step: 'authorized' },
  ]);
});

test('tracer - follows all devices of an account, and knows their nodes from then on', () => {
  const { sink, follow } = setUp();
  const { events } = follow(of('removed'), 'Romeo@example.net');
  sink.add({ node: 'n1' }, authorized);
  sink.add({ node: 'n1', account: 'romeo@EXAMPLE.net' }, authorized);
  sink.add({ node: 'n1' }, authorized);
  sink.add({ node: 'removed' }, authorized);
  sink.add({ node: 'n2', account: 'juliet@example.net' }, authorized);
  assert.deepEqual(
    events.map(({ device }) => device),
    ['n1', 'n1', 'removed'].map(fingerprint),
  );
});

test('tracer - a trace ends when its time is over, after an hour at the latest', () => {
  const { clock, sink, follow } = setUp();
  const short = follow(of('n1'), undefined, 1_000);
  const long = follow(of('n1'), undefined, 1e12);
  clock.advance(1_000);
  sink.add({ node: 'n1' }, authorized);
  assert.deepEqual([short.ends, short.events.length], [['time-over'], 0]);
  assert.deepEqual([long.ends, long.events.length], [[], 1]);
  clock.advance(3_599_000);
  assert.deepEqual([long.ends, sink.isActive], [['time-over'], false]);
});

test('tracer - tells 200 steps at once and 50 a second, and counts what it leaves out', () => {
  const { clock, sink, follow } = setUp();
  const { trace, events } = follow(of('n1'));
  for (let i = 0; i < 300; i += 1) sink.add({ node: 'n1' }, authorized);
  assert.deepEqual([events.length, trace?.skipped], [200, 100]);
  clock.advance(1_000);
  for (let i = 0; i < 300; i += 1) sink.add({ node: 'n1' }, authorized);
  assert.deepEqual([events.length, trace?.skipped], [250, 350]);
});

test('tracer - eight traces run at a time, and none after the end of the server', () => {
  const { sink, tracer, follow } = setUp();
  const running = Array.from({ length: tracesAtOnce }, () => follow(of('n1')));
  assert.equal(tracesAtOnce, 8);
  assert.equal(follow(of('n1')).trace, undefined);
  running[0]?.trace?.stop();
  assert.ok(follow(of('n1')).trace);
  tracer.close();
  assert.deepEqual([running[1]?.ends, running[0]?.ends, sink.isActive], [['server-ends'], [], false]);
  assert.equal(follow(of('n1')).trace, undefined);
});

test('tracer - an account with more devices than it follows costs no more memory', () => {
  const { sink, follow } = setUp();
  const { trace } = follow([], 'romeo@example.net');
  for (let i = 0; i < 3_000; i += 1) sink.add({ node: `n${i}`, account: 'romeo@example.net' }, authorized);
  const skipped = trace?.skipped ?? 0;
  // The first thousand are known by their nodes alone.
  for (const i of [0, 999, 1_000, 2_999]) sink.add({ node: `n${i}` }, authorized);
  assert.equal(trace?.skipped, skipped + 2);
});
