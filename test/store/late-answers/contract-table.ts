import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LateAnswerLimits, LinkName } from '../../../src/store/late-answers/contract.ts';
import { createLateAnswers } from '../../../src/store/late-answers/late-answers.ts';
import { openDatabase, type StoreLocation } from '../../../src/store/open.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock, wallOf } from '../../support/clock.ts';
import { postgresSettings } from '../../support/store.ts';
import { recordedLog } from '../../support/telemetry.ts';

/** Every engine must pass the whole table. */
export interface Engine {
  readonly name: string;
  readonly skip?: false | string;
  /** An empty store that several processes can open. */
  readonly prepare: (t: TestContext) => Promise<StoreLocation>;
}

const ejabberd: LinkName = { service: 'xmpp://one.example:5347', domain: 'push.example.org' };
const elsewhere: LinkName = { service: 'xmpp://two.example:5347', domain: 'push.example.org' };
const otherDomain: LinkName = { service: 'xmpp://one.example:5347', domain: 'push.example.net' };

const xmlOf = (n: number) => `<iq type='result' id='q${n}' from='push.example.org' to='example.org'/>`;
const numberOf = (xml: string) => Number(/id='q(\d+)'/.exec(xml)?.[1]);

/** Processes on one store, whose clocks are one. */
async function processes(t: TestContext, engine: Engine) {
  const store = await engine.prepare(t);
  const clock = manualClock();
  const open = async (limits: Partial<LateAnswerLimits> = {}) => {
    const { log, lines } = recordedLog();
    const metrics = createMetrics('test');
    const options = { store, postgres: postgresSettings, random: () => 0.5, clock: wallOf(clock), log, metrics };
    const database = await openDatabase(options);
    t.after(() => database.close());
    const lateAnswers = createLateAnswers({ database, clock, log, metrics, limits });
    const counted = async () => {
      const { values } = await metrics.lateAnswers.get();
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels['result']), value]));
    };
    const logged = () => lines.filter((line) => line.includes('answers'));
    return { ...lateAnswers, handedOver: () => lateAnswers.handedOver, counted, logged };
  };
  return { clock, open };
}

export function testLateAnswers(engine: Engine): void {
  const { name, skip = false } = engine;
  const check = (what: string, run: (t: TestContext) => Promise<void>) =>
    test(`late answers (${name}) - ${what}`, { skip, timeout: 60_000 }, run);

  check('another process takes what was handed over, as it is and in its order, once', async (t) => {
    const { open } = await processes(t, engine);
    const [ending, staying] = [await open(), await open()];
    const xml = `<iq type='error' id='&apos;&#xA;' from='push.example.org' to='ø@example.org/日本'><error type='wait'/></iq>`;
    ending.handOver({ ...ejabberd, xml });
    for (let n = 1; n <= 250; n += 1) ending.handOver({ ...ejabberd, xml: xmlOf(n) });
    await ending.settle();
    assert.equal(ending.handedOver(), 251);
    const taken = await staying.take([ejabberd]);
    assert.deepEqual(
      taken.map((answer) => answer.xml),
      [xml, ...Array.from({ length: 250 }, (_, i) => xmlOf(i + 1))],
    );
    assert.deepEqual({ ...taken[0] }, { ...ejabberd, xml, handedOverAtMs: Date.UTC(2026, 10, 1) });
    assert.deepEqual(await staying.take([ejabberd]), []);
    assert.deepEqual(await ending.counted(), { 'handed-over': 251 });
  });

  check('three processes that take at the same time get each answer exactly once', async (t) => {
    const { open } = await processes(t, engine);
    const ending = await open();
    const staying = [await open({ taken: 7 }), await open({ taken: 7 }), await open({ taken: 7 })];
    for (let n = 1; n <= 200; n += 1) ending.handOver({ ...ejabberd, xml: xmlOf(n) });
    const takeAll = async () => {
      const taken = await Promise.all(staying.flatMap((one) => [one.take([ejabberd]), one.take([ejabberd])]));
      return taken.flat().map(({ xml }) => numberOf(xml));
    };
    // Some are taken while others are being stored.
    const numbers = await takeAll();
    await ending.settle();
    for (let taken = await takeAll(); taken.length > 0; taken = await takeAll()) numbers.push(...taken);
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  check('only answers for the links that are asked for are taken: server and domain', async (t) => {
    const { open } = await processes(t, engine);
    const one = await open();
    for (const [i, link] of [ejabberd, elsewhere, otherDomain].entries()) one.handOver({ ...link, xml: xmlOf(i + 1) });
    await one.settle();
    const take = async (links: readonly LinkName[]) => (await one.take(links)).map(({ xml }) => numberOf(xml));
    assert.deepEqual(await take([]), []);
    assert.deepEqual(await take([elsewhere]), [2]);
    assert.deepEqual(await take([otherDomain]), [3]);
    one.handOver({ ...otherDomain, xml: xmlOf(4) });
    await one.settle();
    assert.deepEqual(await take([ejabberd, otherDomain, elsewhere]), [1, 4]);
  });

  check('what nobody took for half a minute is removed unsent, whatever link it was for', async (t) => {
    const { open, clock } = await processes(t, engine);
    const one = await open();
    one.handOver({ ...elsewhere, xml: xmlOf(1) });
    one.handOver({ ...ejabberd, xml: xmlOf(2) });
    await one.settle();
    clock.advance(29_999);
    one.handOver({ ...ejabberd, xml: xmlOf(3) });
    await one.settle();
    clock.advance(1);
    assert.deepEqual(
      (await one.take([ejabberd])).map(({ xml }) => numberOf(xml)),
      [3],
    );
    assert.deepEqual(await one.counted(), { 'handed-over': 3, expired: 2 });
    assert.deepEqual(await one.take([elsewhere]), []);
  });

  check('an answer that is put back has the age that it had, and is not counted again', async (t) => {
    const { open, clock } = await processes(t, engine);
    const one = await open();
    one.handOver({ ...ejabberd, xml: xmlOf(1) });
    await one.settle();
    clock.advance(20_000);
    const taken = await one.take([ejabberd]);
    one.putBack(taken);
    await one.settle();
    assert.equal(one.handedOver(), 1);
    const again = await one.take([ejabberd]);
    assert.deepEqual(again, taken);
    one.putBack(again);
    await one.settle();
    clock.advance(10_000);
    assert.deepEqual(await one.take([ejabberd]), []);
    assert.deepEqual(await one.counted(), { 'handed-over': 1, expired: 1 });
  });

  check('beyond its limits answers are dropped, which is counted, and logged once a minute without them', async (t) => {
    const { open, clock } = await processes(t, engine);
    const one = await open({ answers: 5, length: 100, taken: 3 });
    one.handOver({ ...ejabberd, xml: xmlOf(1).padEnd(101) });
    one.handOver({ ...ejabberd, xml: xmlOf(2).padEnd(100) });
    for (let n = 3; n <= 20; n += 1) one.handOver({ ...ejabberd, xml: xmlOf(n) });
    await one.settle();
    for (let n = 21; n <= 22; n += 1) one.handOver({ ...ejabberd, xml: xmlOf(n) });
    await one.settle();
    assert.equal(one.handedOver(), 5);
    assert.deepEqual(await one.counted(), { 'handed-over': 5, dropped: 17 });
    const [longest] = await one.take([ejabberd]);
    assert.equal(longest?.xml.length, 100);
    assert.equal(one.logged().length, 1);
    assert.match(one.logged()[0] ?? '', /"link":"push.example.org","reason":"too-long","msg":"answers could not be/);
    clock.advance(60_000);
    for (let n = 23; n <= 26; n += 1) one.handOver({ ...ejabberd, xml: xmlOf(n) });
    await one.settle();
    assert.match(one.logged()[1] ?? '', /"reason":"full"/);
    assert.deepEqual(
      (await one.take([ejabberd])).map(({ xml }) => numberOf(xml)),
      [23],
    );
    assert.equal((await one.counted())['expired'], 2);
  });
}
