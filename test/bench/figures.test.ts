import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describeUnexpected } from './measure.ts';
import { countSamples, type CpuProfile, scriptOf } from './profile.ts';
import { median, quantile } from './statistics.ts';
import { align } from './table.ts';

test('bench - quantiles are values that occurred, the median lies between two', () => {
  const values = [5, 1, 4, 2, 3, 10, 6, 9, 7, 8];
  assert.equal(quantile(values, 0.5), 5);
  assert.equal(quantile(values, 0.99), 10);
  assert.equal(median(values), 5.5);
  assert.equal(median([100, 9, 20]), 20);
  assert.ok(Number.isNaN(median([])));
});

test('bench - an answer that came less or more often than expected is a problem', () => {
  assert.deepEqual(describeUnexpected({ result: 10 }, { result: 10 }), []);
  assert.deepEqual(describeUnexpected({ result: 7, 'wait/internal-server-error': 2, none: 1 }, { result: 10 }), [
    '7 x result instead of 10',
    '2 x wait/internal-server-error instead of 0',
    '1 x none instead of 0',
  ]);
  // Pushed twice: figures of a server that retries do not show the cost of sending.
  assert.deepEqual(describeUnexpected({ 200: 11 }, { 200: 10 }), ['11 x 200 instead of 10']);
  assert.deepEqual(describeUnexpected({}, { 200: 10 }), ['0 x 200 instead of 10']);
});

const own = pathToFileURL(join(import.meta.dirname, '../../src/delivery/deliver.ts')).href;
const foreign = pathToFileURL(join(import.meta.dirname, '..', '..', 'node_modules', '@scope', 'lib', 'index.js')).href;

test('bench - samples of C++ count for the calling script, those of packages for our calling function too', () => {
  const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 5, 6] },
      { id: 2, callFrame: frame('deliver', own, 9), children: [3] },
      { id: 3, callFrame: frame('compose', foreign, 1), children: [4] },
      { id: 4, callFrame: frame('writev') },
      { id: 5, callFrame: frame('(idle)') },
      { id: 6, callFrame: frame('(garbage collector)') },
    ],
    startTime: 1000,
    //        1100, 1200, 1300, 1400, 1500, 1600: the first and the last are outside
    samples: [2, 2, 4, 5, 6, 2],
    timeDeltas: [100, 100, 100, 100, 100, 100],
  };
  const samples = countSamples([profile], 1150, 1550);
  assert.equal(samples.total, 3);
  assert.deepEqual(
    [...samples.groups],
    [
      ['src/delivery/deliver.ts', 1],
      ['@scope/lib', 1],
      ['(garbage collector)', 1],
    ],
  );
  assert.deepEqual(
    [...samples.functions.keys()],
    ['deliver  src/delivery/deliver.ts:10', 'writev < compose  @scope/lib/index.js:2', '(garbage collector)'],
  );
  assert.deepEqual([...samples.own], [['deliver  src/delivery/deliver.ts:10', 2]]);
});

test('bench - scripts of Node are grouped by its modules', () => {
  assert.equal(scriptOf('node:internal/http2/core').group, 'node http2');
  assert.equal(scriptOf('node:_http_agent').group, 'node http_agent');
});

test('bench - tables align the first column left and numbers right', () => {
  assert.equal(
    align([
      ['server', 'window'],
      ['APNs', '1'],
    ]),
    'server  window\nAPNs         1',
  );
});
