import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missingPackage } from '../support/debian.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/process.ts';
import { ending, startProcessPair } from '../support/process-pair.ts';
import { startProviders } from '../support/sealpost.ts';
import { slowPath } from '../support/slow-path.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { startLoad } from './load.ts';

const skip = missingPackage('ejabberd', ejabberdFile) || missingPostgres();

test(
  'rolling restart - two processes at one domain of ejabberd: each publish that arrives is answered once, whatever crosses a closing tag',
  { skip, timeout: 120_000 },
  async (t) => {
    const [postgres, providers, server] = await Promise.all([startPostgres(), startProviders(), startEjabberd()]);
    for (const stop of [postgres.remove, providers.stop, server.stop]) t.after(() => stop());
    const { port, received } = await slowPath(t, server.componentPort);
    const store = await postgres.createDatabase();
    const link = { port, domain: server.component, secret: server.secret };
    const { running, startAgain } = await startProcessPair(t, { providers, store, link });
    const whenUp = ({ opsUrl }: { readonly opsUrl: string }) =>
      eventually('the link is up', async () => (await fetch(`${opsUrl}/readyz`)).ok || undefined, 30_000);
    await Promise.all(running.map(whenUp));

    const load = startLoad(server);
    t.after(() => load.close());
    await eventually('the load is connected', () => load.isConnected || undefined);
    const node = await load.register('ab'.repeat(32));
    let isOver = false;
    const loading = (async () => {
      for (; !isOver; await pause(5)) load.publish(node);
    })();
    let handedOver = 0;
    for (const index of [0, 1] as const) {
      await pause(500);
      const leaving = running[index];
      leaving.process.kill('SIGTERM');
      assert.equal(await leaving.ended, 0);
      const said = ending(leaving);
      assert.equal(said['unanswered'], 0);
      handedOver += Number(said['handedOver']);
      await whenUp(await startAgain(index));
    }
    isOver = true;
    await loading;
    // One or two of a thousand ejabberd itself loses: it has given them to a connection whose end it has just read.
    const arrived = () =>
      received().flatMap((text) => Array.from(text.matchAll(/ id='load-(\d+)'/g), ([, number]) => Number(number)));
    const unanswered = () => arrived().filter((number) => load.answers[number] === 0);
    await eventually('all that arrived are answered', () => unanswered().length === 0 || undefined, 15_000);
    assert.ok(arrived().length > load.answers.length - 10, `${arrived().length} of ${load.answers.length} arrived`);
    assert.deepEqual(
      load.answers.filter((times) => times > 1),
      [],
    );
    assert.ok(handedOver > 0, 'nothing crossed a closing tag');
  },
);
