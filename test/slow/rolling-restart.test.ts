import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { systemClock } from '../../src/time/clock.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/process.ts';
import { ending, startProcessPair } from '../support/process-pair.ts';
import { startProviders } from '../support/sealpost.ts';
import { slowPath } from '../support/slow-path.ts';
import { publish, register, topicOf } from '../chaos/traffic.ts';

const domain = 'push.localhost';

const skip = missingPostgres();

/** Two processes on one PostgreSQL that share a domain, and one registered device. */
async function startPair(t: TestContext) {
  const postgres = await startPostgres();
  t.after(() => postgres.remove());
  const providers = await startProviders({ topicOf });
  t.after(() => providers.stop());
  const components = new Map([[domain, 's3cret']]);
  const acceptor = await createAcceptor({ components, clock: systemClock, randomBytes, onConflict: 'accept' });
  t.after(() => acceptor.close());
  const { port } = await slowPath(t, acceptor.port);
  const store = await postgres.createDatabase();
  const { running, ...pair } = await startProcessPair(t, {
    providers,
    store,
    link: { port, domain, secret: 's3cret' },
  });
  const whenBoth = () => eventually('both are connected', () => acceptor.connections.length === 2 || undefined, 30_000);
  await whenBoth();
  const { node } = await register(acceptor, 1, 'apns');
  const answers = new Map<string, number>();
  return {
    apns: providers.apns,
    acceptor,
    /** How often each answer came. */
    answers,
    async publish(id: string, kind: 'alert' | 'call') {
      const xml = publish(id, node, 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', kind);
      const word = answerWord(await acceptor.request({ id, from: 'localhost', to: domain, xml }, 25_000));
      answers.set(word, (answers.get(word) ?? 0) + 1);
    },
    processOf: (index: 0 | 1) => running[index],
    /** Starts a process that has ended. */
    async startAgain(index: 0 | 1) {
      await pair.startAgain(index);
      await whenBoth();
    },
    stored: () => postgres.query('SELECT xml FROM late_answer', store.split('/').at(-1)),
  };
}

test(
  'rolling restart - two processes on one PostgreSQL: each publish is answered once and with result, whatever crosses a closing tag',
  { skip, timeout: 120_000 },
  async (t) => {
    const { acceptor, answers, stored, ...pair } = await startPair(t);
    const asked = new Set<Promise<void>>();
    let isOver = false;
    let count = 0;
    const load = (async () => {
      for (; !isOver; await pause(5)) {
        const work = pair.publish(`publish-${(count += 1)}`, 'alert');
        asked.add(work);
        void work.finally(() => asked.delete(work));
      }
      await Promise.all(asked);
    })();

    const endings: Readonly<Record<string, unknown>>[] = [];
    for (const index of [0, 1] as const) {
      await pause(500);
      const sealpost = pair.processOf(index);
      sealpost.process.kill('SIGTERM');
      assert.equal(await sealpost.ended, 0);
      endings.push(ending(sealpost));
      await pair.startAgain(index);
    }
    await pause(500);
    isOver = true;
    await load;

    assert.deepEqual(Object.fromEntries(answers), { result: count });
    assert.deepEqual(acceptor.strayAnswers, []);
    for (const { handedOver, unanswered } of endings) {
      assert.equal(unanswered, 0);
      assert.ok(Number(handedOver) > 0, JSON.stringify(endings));
    }
    assert.deepEqual(await stored(), []);
  },
);

test(
  'rolling restart - calls that cross a closing tag while their provider hangs are answered with result, and queued',
  { skip, timeout: 120_000 },
  async (t) => {
    const { apns, acceptor, answers, ...pair } = await startPair(t);
    apns.script('*', { fault: 'hang' });
    const leaving = pair.processOf(0);
    leaving.process.kill('SIGTERM');
    const isEnding = () => leaving.lines.some((line) => line.includes('ending: what arrived')) || undefined;
    await eventually('it ends', isEnding, 10_000);
    // Nothing is under way there, so that its closing tag goes out at once. Half of these take its connection.
    const asked = Array.from({ length: 20 }, (_, i) => pair.publish(`call-${i}`, 'call'));
    assert.equal(await leaving.ended, 0);
    await Promise.all(asked);
    assert.deepEqual(Object.fromEntries(answers), { result: asked.length });
    assert.deepEqual(acceptor.strayAnswers, []);
    const { handedOver, unanswered } = ending(leaving);
    assert.equal(unanswered, 0);
    assert.ok(Number(handedOver) > 0, `${Number(handedOver)} handed over`);
  },
);
