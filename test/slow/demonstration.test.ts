import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { systemClock } from '../../src/time/clock.ts';
import { runDemonstration } from '../../src/harness/demo/demonstration.ts';
import { columnsOf, type TerminalOutput } from '../../src/harness/report/terminal.ts';
import { type Defect, startSmallComponent } from '../harness/small-component.ts';

function screen(
  extras: { isTTY?: boolean; columns?: number } = {},
  onText?: (text: string) => void,
): TerminalOutput & { text(): string } {
  let text = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      onText?.(text);
      done();
    },
  });
  return Object.assign(output, extras, { text: () => text });
}

async function play(defect?: Defect, extras: { isTTY?: boolean; columns?: number } = {}) {
  const output = screen(extras);
  const startServer = startSmallComponent(defect);
  const matched = await runDemonstration({
    startServer,
    output,
    clock: systemClock,
    once: true,
    env: {},
    ...(defect === 'loses-pushes' ? { arriveWithinMs: 100 } : {}),
  });
  return { matched, text: output.text() };
}

test('demonstration - every scene is shown, with what went in, what reached the provider and what was read', async () => {
  const { matched, text } = await play();
  assert.equal(matched, true, text);
  for (const piece of [
    'Chat message',
    'juliet@capulet.example: “Art thou not Romeo, and a Montague? 🌹”',
    'shows “Art thou not Romeo, and a Montague? 🌹”',
    'shows “When shall we three meet again?”',
    'shows “Subscription request”',
    'voip, priority 10, ',
    'rings: juliet@capulet.example/balcony, audio and video',
    'stops ringing',
    'data message, priority normal, ',
    'nothing: this server publishes in clear',
    'wakes up and fetches what is new',
    '✓ 15 pushes arrived, and every sealed one was read as it was sent.',
  ]) {
    assert.ok(text.includes(piece), `lacks: ${piece}\n${text}`);
  }
  assert.match(text, /sealed {2}[0-9,]+ bytes of JSON in 3,000 of ciphertext \(body cut to [0-9,]+\)/);
  assert.ok(!text.includes('✗') && !text.includes('\u001b'));
});

test('demonstration - lines stay within 80 columns', async () => {
  const { text } = await play();
  for (const line of text.split('\n')) assert.ok(columnsOf(line) < 80, line);
});

for (const columns of [0, 1, 20, 40, 60, 200]) {
  test(`demonstration - a terminal of ${columns} columns shows every scene`, async () => {
    const { matched, text } = await play(undefined, { isTTY: true, columns });
    assert.equal(matched, true, text);
    assert.ok(stripVTControlCharacters(text).includes('15 pushes arrived'), text);
  });
}

const defects: readonly [defect: Defect, complaint: string][] = [
  ['loses-pushes', 'nothing arrived'],
  ['upper-case-account', 'the device read something else than was sent'],
  ['alert-for-everything', 'came as alert, not voip'],
  ['cuts-ciphertext', 'the device read something else than was sent'],
  ['item-not-found', 'the publish was answered cancel/item-not-found'],
];
for (const [defect, complaint] of defects) {
  test(`demonstration - a server that ${defect.replaceAll('-', ' ')} is found out`, async () => {
    const { matched, text } = await play(defect);
    assert.equal(matched, false);
    assert.ok(text.includes('✗') && text.includes(complaint), text);
  });
}

test('demonstration - it goes on in colours until it is aborted, and says where health is', async () => {
  const abort = new AbortController();
  const output = screen({ isTTY: true, columns: 100 }, (text) => {
    if (/\d\d:\d\d:\d\d {2}.*FCM \d+ B/s.test(stripVTControlCharacters(text))) abort.abort();
  });
  const matched = await runDemonstration({
    startServer: startSmallComponent(),
    output,
    clock: systemClock,
    intervalMs: 1,
    signal: abort.signal,
    env: {},
  });
  assert.equal(matched, true);
  assert.ok(output.text().includes('http://127.0.0.1:9/readyz'));
  assert.ok(output.text().includes('\u001b[32m✓'));
});

test('demonstration - NO_COLOR is obeyed', async () => {
  const output = screen({ isTTY: true, columns: 80 });
  const env = { NO_COLOR: '1' };
  await runDemonstration({ startServer: startSmallComponent(), output, clock: systemClock, once: true, env });
  assert.ok(!output.text().includes('\u001b'));
});

test('demonstration - what was started is closed again when the server does not start', async () => {
  const startServer = () => Promise.reject(new Error('no'));
  await assert.rejects(
    runDemonstration({ startServer, output: screen(), clock: systemClock, once: true }),
    /^Error: no$/,
  );
});
