import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { createHistogram } from '../../src/telemetry/series.ts';

const config = { name: 'sealpost_wait_seconds', help: 'A wait.', labelNames: ['app', 'provider'] as const };
const buckets = [0.01, 0.1, 1];

/** The same metric by prom-client itself and by us, and all that each shows. */
function both() {
  const theirs = new Registry();
  const ours = new Registry();
  const metrics = [
    new Histogram({ ...config, buckets, registers: [theirs] }),
    createHistogram({ ...config, buckets, registers: [ours] }),
  ] as const;
  const shown = async (registry: Registry) => [await registry.metrics(), await registry.getMetricsAsJSON()] as const;
  return { metrics, shown: () => Promise.all([shown(theirs), shown(ours)]) };
}

test('series - a histogram shows what one of prom-client would', async () => {
  const labels = fc.record({ app: fc.constantFrom('siskin', 'android'), provider: fc.constantFrom('apns', 'fcm') });
  const value = fc.oneof(fc.constantFrom(0, ...buckets, 1.5), fc.double({ min: 0, max: 2, noNaN: true }));
  const observations = fc.array(fc.record({ labels, value }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(observations, async (seen) => {
      const { metrics, shown } = both();
      for (const each of seen) for (const metric of metrics) metric.observe(each.labels, each.value);
      const [[theirText, theirJson], [ourText, ourJson]] = await shown();
      assert.equal(ourText, theirText);
      const valuesOf = (json: typeof theirJson) =>
        json.map(({ name, help, type, values }) => ({ name, help, type, values }));
      // prom-client says of each bucket that it has no exemplar.
      assert.deepEqual(
        valuesOf(ourJson),
        JSON.parse(JSON.stringify(valuesOf(theirJson)).replaceAll('"exemplar":null,', '')),
      );
    }),
  );
});

test('series - a histogram that saw nothing shows zeros once it was asked to', async () => {
  const { metrics, shown } = both();
  for (const metric of metrics) metric.zero({ app: 'siskin', provider: 'apns' });
  const [[theirs], [ours]] = await shown();
  assert.match(ours, /^sealpost_wait_seconds_bucket\{le="\+Inf",app="siskin",provider="apns"\} 0$/m);
  assert.equal(ours, theirs);
});
