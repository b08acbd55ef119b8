import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createSecret } from '../../src/core/secret.ts';
import { testLateAnswers } from '../store/late-answers/contract-table.ts';
import { manualClock } from '../support/clock.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { openTestStore } from '../support/store.ts';
import { recordedLog } from '../support/telemetry.ts';

const skip = missingPostgres();
const server = skip ? undefined : await startPostgres();
after(() => server?.remove());

const prepare = async () => ({ kind: 'postgres', url: createSecret((await server?.createDatabase()) ?? '') }) as const;

testLateAnswers({ name: 'postgres', skip, prepare });

test(
  'late answers (postgres) - while the database is away nothing rejects, and the log says so once',
  { skip },
  async (t) => {
    const { log, lines } = recordedLog();
    const store = await openTestStore({ store: await prepare(), clock: manualClock(), log });
    t.after(() => store.close());
    const { lateAnswers } = store;
    assert.ok(lateAnswers);
    await server?.stop('immediate');
    const link = { service: 'xmpp://one.example:5347', domain: 'push.example.org' };
    for (let i = 0; i < 3; i += 1) {
      assert.deepEqual(await lateAnswers.take([link]), []);
      lateAnswers.handOver({ ...link, xml: `<iq type='result' to='romeo@example.org'/>` });
      await lateAnswers.settle();
    }
    assert.equal(lateAnswers.handedOver, 0);
    const said = lines.filter((line) => line.includes('answers'));
    assert.equal(said.length, 2);
    assert.doesNotMatch(said.join(), /romeo/);
    await server?.start();
  },
);
