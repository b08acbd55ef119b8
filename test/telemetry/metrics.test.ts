import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announceApp, createMetrics } from '../../src/telemetry/metrics.ts';

test('metrics - an app has its counters from the start, and no time of what never happened', async () => {
  const metrics = createMetrics('test');
  announceApp(metrics, { name: 'siskin', conventions: ['tigase'] });
  const text = await metrics.registry.metrics();
  assert.match(text, /^sealpost_pushes_total\{app="siskin",result="accepted"\} 0$/m);
  assert.match(text, /^sealpost_registrations_made_total\{app="siskin",convention="tigase",kind="new"\} 0$/m);
  assert.doesNotMatch(text, /^sealpost_\w+_timestamp_seconds(\{| )/m);
});
