import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figures, readFigures } from '../../src/ops/console/figures.ts';
import { createHistory, historyApps, historyPoints, pointEveryMs, quantile } from '../../src/ops/console/history.ts';
import { startRecorder } from '../../src/ops/console/recorder.ts';
import { announceApp, createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock, turns } from '../support/clock.ts';

const startMs = Date.UTC(2026, 10, 1);
const moment = (seconds: number) => ({ wallMs: startMs + seconds * 1_000, monotonicMs: seconds * 1_000 });

function figuresOf(names: readonly string[], accepted = 0): Figures {
  const apps = names.map((app) => ({
    ...{ app, results: { accepted }, timed: 0, seconds: 0, buckets: [] },
    ...{ registrations: 0, queued: 0, oldestQueuedAtMs: undefined },
  }));
  return { publishes: { taken: accepted, refused: 0 }, apps };
}

test('history - a point says rates since the one before, and what is there now, of each app and of all', async () => {
  const metrics = createMetrics('test');
  for (const name of ['android', 'siskin']) announceApp(metrics, { name, conventions: ['tigase'] });
  const history = createHistory();
  metrics.pushes.inc({ app: 'siskin', result: 'accepted' }, 1_000);
  metrics.pushDuration.observe({ app: 'siskin', provider: 'apns' }, 19);
  assert.equal(history.add(await readFigures(metrics), moment(0)), undefined);

  metrics.pushes.inc({ app: 'siskin', result: 'accepted' }, 10);
  metrics.pushes.inc({ app: 'siskin', result: 'misconfigured' }, 5);
  metrics.pushes.inc({ app: 'android', result: 'retry' }, 1);
  // Of four pushes two took up to 50 ms, two up to 100 ms.
  for (const seconds of [0.03, 0.04, 0.06, 0.09]) {
    metrics.pushDuration.observe({ app: 'siskin', provider: 'apns' }, seconds);
  }
  metrics.publishes.inc({ link: 'push.example.com', answer: 'result' }, 15);
  metrics.publishes.inc({ link: 'push.example.com', answer: 'forbidden' }, 5);
  metrics.registrations.set({ app: 'siskin' }, 7);
  metrics.registrations.set({ app: 'android' }, 2);
  metrics.outboxDepth.set({ app: 'siskin' }, 3);
  metrics.outboxOldest.set({ app: 'siskin' }, startMs / 1_000 - 60);
  const none = { accepted: 0, retry: 0, 'dead-token': 0, 'payload-rejected': 0, misconfigured: 0 };
  assert.deepEqual(history.add(await readFigures(metrics), moment(5)), {
    at: startMs / 1_000 + 5,
    publishes: { taken: 3, refused: 1 },
    all: {
      ...{ ...none, accepted: 2, retry: 0.2, misconfigured: 1 },
      ...{ median: 0.05, p95: 0.095, queued: 3, oldest: 65, registrations: 9 },
    },
    apps: {
      android: { ...none, retry: 0.2, median: null, p95: null, queued: 0, oldest: 0, registrations: 2 },
      siskin: {
        ...{ ...none, accepted: 2, misconfigured: 1 },
        ...{ median: 0.05, p95: 0.095, queued: 3, oldest: 65, registrations: 7 },
      },
    },
  });
  // Nothing happens: no rate, no time of a push.
  const quiet = history.add(await readFigures(metrics), moment(10));
  assert.deepEqual([quiet?.publishes, quiet?.all.accepted, quiet?.all.median], [{ taken: 0, refused: 0 }, 0, null]);
});

test('history - keeps an hour, and 20 apps of their own', () => {
  assert.deepEqual([pointEveryMs, historyPoints, historyApps], [5_000, 720, 20]);
  const history = createHistory();
  const names = Array.from({ length: 21 }, (_, i) => `app${String(i).padStart(2, '0')}`);
  for (let i = 0; i <= historyPoints + 1; i += 1) history.add(figuresOf(names, i * 5), moment(i * 5));
  const { limit, at, all, apps, publishes } = history.columns();
  assert.deepEqual([limit, at.length, all.accepted.length, publishes.taken.length], [720, 720, 720, 720]);
  // The first point, of 5 s after the start, is gone.
  assert.deepEqual([at[0], at.at(-1)], [startMs / 1_000 + 10, startMs / 1_000 + 721 * 5]);
  assert.deepEqual(Object.keys(apps), names.slice(0, 20));
  // What has no history of its own counts in that of all.
  assert.equal(all.accepted[0], 21);
});

test('history - an app that comes later has nulls before, and one that goes makes no negative rate', () => {
  const history = createHistory();
  history.add(figuresOf(['a']), moment(0));
  history.add(figuresOf(['a'], 5), moment(5));
  history.add(figuresOf(['a', 'b'], 10), moment(10));
  history.add(figuresOf(['b'], 10), moment(15));
  const { all, apps } = history.columns();
  assert.deepEqual(apps['a']?.accepted, [1, 1, null]);
  assert.deepEqual(apps['b']?.accepted, [null, 2, 0]);
  assert.deepEqual(all.accepted, [1, 3, 0]);
});

test('history - a clock that is set back takes the points after it away; rates follow the time that passed', () => {
  const history = createHistory();
  history.add(figuresOf(['a']), moment(0));
  for (const seconds of [5, 10, 15]) history.add(figuresOf(['a'], seconds), moment(seconds));
  history.add(figuresOf(['a'], 20), { wallMs: startMs + 10_000, monotonicMs: 20_000 });
  const { at, all } = history.columns();
  assert.deepEqual(at, [startMs / 1_000 + 5, startMs / 1_000 + 10]);
  assert.deepEqual(all.accepted, [1, 1]);
  // No time passed: there is no rate.
  assert.equal(history.add(figuresOf(['a'], 99), { wallMs: startMs + 11_000, monotonicMs: 20_000 }), undefined);
});

test('history - quantiles lie where buckets say, and at the last bound beyond it', () => {
  const buckets = [
    { seconds: 0.1, count: 2 },
    { seconds: 0.2, count: 4 },
    { seconds: Infinity, count: 8 },
  ];
  assert.deepEqual([quantile(buckets, 0.25), quantile(buckets, 0.375), quantile(buckets, 0.95)], [0.1, 0.15, 0.2]);
  assert.equal(
    quantile(
      [
        { seconds: 0.1, count: 0 },
        { seconds: Infinity, count: 0 },
      ],
      0.5,
    ),
    null,
  );
  assert.equal(quantile([], 0.5), null);
});

test('recorder - a point each five seconds for whoever listens, until it stops', async () => {
  const clock = manualClock();
  const metrics = createMetrics('test');
  announceApp(metrics, { name: 'siskin', conventions: ['tigase'] });
  const recorder = startRecorder({ metrics, clock });
  await turns(2);
  assert.deepEqual(recorder.columns().at, []);
  const heard: number[] = [];
  const forget = recorder.onPoint(({ all }) => void heard.push(all.accepted ?? -1));
  metrics.pushes.inc({ app: 'siskin', result: 'accepted' }, 10);
  clock.advance(4_999);
  await turns(2);
  assert.deepEqual(heard, []);
  clock.advance(1);
  await turns(2);
  assert.deepEqual(heard, [2]);
  forget();
  clock.advance(5_000);
  await turns(2);
  assert.deepEqual([heard, recorder.columns().all.accepted], [[2], [2, 0]]);
  recorder.stop();
  assert.equal(clock.waiting, 0);
});
