import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missingPackage } from '../support/debian.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/process.ts';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';
import { slowPath } from '../support/slow-path.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { startLoad } from './load.ts';

const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
const skip = missingPackage('ejabberd', ejabberdFile) || missingPostgres();

test(
  'rolling restart - two processes at one domain of ejabberd: each publish that arrives is answered once, whatever crosses a closing tag',
  { skip, timeout: 120_000 },
  async (t) => {
    const [postgres, providers, server] = await Promise.all([startPostgres(), startProviders(), startEjabberd()]);
    for (const stop of [postgres.remove, providers.stop, server.stop]) t.after(() => stop());
    const { port, received } = await slowPath(t, server.componentPort);
    const config = {
      ...defaults(providers.folder),
      xmpp: [{ service: `xmpp://127.0.0.1:${port}`, domain: server.component, secret: server.secret }],
      store: await postgres.createDatabase(),
      nodes: { key: randomBytes(32).toString('base64') },
      apps: providers.apps,
      limits: { publishesPerDomain: unlimited, pushesPerRegistration: unlimited },
    };
    const folders = ['one', 'two'].map((name) => join(providers.folder, name));
    for (const folder of folders) mkdirSync(folder);
    const running = await Promise.all(folders.map((folder) => startSealpost(folder, config)));
    t.after(() => Promise.all(running.map((sealpost) => sealpost.stop())));
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
    for (const [index, folder] of folders.entries()) {
      await pause(500);
      const leaving = running[index];
      leaving?.process.kill('SIGTERM');
      assert.equal(await leaving?.ended, 0);
      const said = JSON.parse(leaving?.lines.at(-1) ?? '{}') as Readonly<Record<string, number>>;
      assert.equal(said['unanswered'], 0);
      handedOver += said['handedOver'] ?? 0;
      await whenUp((running[index] = await startSealpost(folder, config)));
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
