import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Element, parse } from 'ltx';
import { manualClock } from '../support/clock.ts';
import { sendPaced } from './paced.ts';

/** A generator at ten publishes a second on a clock that is moved by hand. */
function startPaced(count: number) {
  const clock = manualClock();
  const sent: string[] = [];
  let tap: (stanza: Element) => boolean = () => false;
  const report = sendPaced({
    acceptor: {
      onAnswer(listener) {
        tap = listener;
        return () => void (tap = () => false);
      },
    },
    connection: { send: (xml) => void sent.push(...xml.split(' ').filter(Boolean)) },
    clock,
    count,
    perSecond: 10,
    write: (_, id) => `${id} `,
    idPrefix: 'p',
    answerWithinMs: 1_000,
  });
  const step = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1) clock.advance(1);
  };
  return { sent, report, step, answer: (xml: string) => tap(parse(xml)) };
}

test('bench - a paced load sends on time, whether or not anything is answered', () => {
  const { sent, step } = startPaced(5);
  assert.deepEqual(sent, ['p-0']);
  step(99);
  assert.deepEqual(sent, ['p-0']);
  step(1);
  assert.deepEqual(sent, ['p-0', 'p-1']);
  step(1_000);
  assert.deepEqual(sent, ['p-0', 'p-1', 'p-2', 'p-3', 'p-4']);
});

test('bench - a paced load counts the time of each answer from its own stanza, and each answer once', async () => {
  const { report, step, answer } = startPaced(2);
  step(100);
  assert.equal(answer("<iq type='result' id='p-7'/>"), false);
  assert.equal(answer("<iq type='result' id='other-0'/>"), false);
  step(20);
  assert.equal(answer("<iq type='result' id='p-1'/>"), true);
  assert.equal(answer("<iq type='result' id='p-1'/>"), false);
  step(30);
  assert.equal(answer("<iq type='result' id='p-0'/>"), true);
  const { latenciesMs, answers, unanswered, durationMs } = await report;
  assert.deepEqual([...latenciesMs], [150, 20]);
  assert.deepEqual([...answers], [['result', 2]]);
  assert.deepEqual({ unanswered, durationMs }, { unanswered: 0, durationMs: 150 });
});

test('bench - a paced load ends without the answers that do not come', async () => {
  const { report, step, answer } = startPaced(2);
  step(100);
  answer("<iq type='result' id='p-0'/>");
  step(1_000);
  const { unanswered, answers } = await report;
  assert.equal(unanswered, 1);
  assert.deepEqual([...answers], [['result', 1]]);
});
