import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trace } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { createSpans, noSpans, openSpans, rememberedLimit } from '../../src/telemetry/spans.ts';
import { collectedSpans } from '../support/spans.ts';

test('spans - without an SDK there are none', () => {
  assert.equal(openSpans('test'), noSpans);
  assert.equal(noSpans.notification(), undefined);
  assert.equal(noSpans.attempt('1'), undefined);
});

test('spans - an attempt is part of its notification until that is answered, and links to it afterwards', () => {
  const { spans, finished } = collectedSpans();
  const notification = spans.notification();
  notification?.leadsTo('1');
  spans.attempt('1')?.end({ fields: { result: 'retry' } });
  notification?.end({ fields: { outcome: 'queued' } });
  spans.attempt('1')?.end({ fields: { result: 'accepted' } });
  spans.attempt('2')?.end({ fields: { result: 'accepted' } });
  const [first, whole, second, stranger] = finished();
  assert.equal(first?.parent, whole?.id);
  assert.equal(first?.traceId, whole?.traceId);
  assert.deepEqual(first?.links, []);
  assert.deepEqual([second?.parent, second?.links], [undefined, [whole?.id]]);
  assert.notEqual(second?.traceId, whole?.traceId);
  assert.deepEqual([stranger?.parent, stranger?.links], [undefined, []]);
});

test('spans - the push that was remembered longest is forgotten beyond the limit', () => {
  const { spans, finished } = collectedSpans();
  const notification = spans.notification();
  for (let push = 0; push <= rememberedLimit; push += 1) notification?.leadsTo(String(push));
  notification?.end({ fields: {} });
  for (const push of [0, 1, rememberedLimit]) spans.attempt(String(push))?.end({ fields: {} });
  assert.deepEqual(
    finished().map(({ links }) => links.length),
    [0, 0, 1, 1],
  );
});

test('spans - the attempts of a notification that the sampler leaves out are left out too', () => {
  const { spans, finished } = collectedSpans(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
  const notification = spans.notification();
  notification?.leadsTo('1');
  assert.equal(spans.attempt('1'), undefined);
  notification?.end({ fields: { outcome: 'sent' } });
  assert.deepEqual(finished(), []);
});

test('spans - an error is told by its code or class, never by its message', () => {
  const { spans, finished } = collectedSpans();
  const attempt = spans.attempt('1');
  attempt?.fail(new RangeError('romeo@example.net'));
  attempt?.end({ fields: {}, failure: 'error' });
  const [{ events, failure } = { events: [], failure: '' }] = finished();
  assert.deepEqual(events, [{ name: 'exception', 'exception.type': 'RangeError' }]);
  assert.equal(failure, 'error');
});

test('spans - what an SDK throws costs the span alone', () => {
  const fails = () => {
    throw new Error('a sampler of the operator');
  };
  const broken = createSpans({ startSpan: fails, startActiveSpan: fails });
  assert.equal(broken.notification(), undefined);
  assert.equal(broken.attempt('id'), undefined);
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
  const ending = createSpans({ startSpan: () => Object.assign(span, { end: fails }), startActiveSpan: fails });
  ending.notification()?.end({ fields: {}, failure: undefined, httpStatus: undefined });
});
