import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ScenarioStage, setScenarioStage } from '../../src/harness/runner/environment.ts';
import { problemsOf } from '../../src/harness/runner/result.ts';
import { runScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import { startHarness } from '../harness/command.ts';
import { startInProcess, stageParts } from '../harness/in-process.ts';
import { missingPostgres, type PostgresServer, startPostgres } from '../support/postgres.ts';
import { startSealpost } from '../support/sealpost.ts';

// `npm test` plays all scenarios over SQLite (test/harness/scenarios).

const skip = missingPostgres();
let postgres: PostgresServer | undefined;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harness-stores-'));
  if (!skip) postgres = await startPostgres();
});
after(async () => {
  await postgres?.remove();
  await rm(folder, { recursive: true });
});

/** A shared store has no folder in which one could be made. */
const nodes = { key: randomBytes(32).toString('base64') };

/** The stage around Sealpost in this process, over a database of its own in the PostgreSQL server. */
async function setPostgresStage(): Promise<ScenarioStage> {
  const store = await postgres?.createDatabase();
  const start = startInProcess();
  return setScenarioStage({ ...stageParts, startServer: (config) => start({ ...config, store }) });
}

test('stores - all scenarios pass over PostgreSQL', { skip }, async (t) => {
  const stage = await setPostgresStage();
  try {
    const { results, durationMs } = await runScenarios({ scenarios, stage });
    assert.deepEqual(
      results.flatMap((result) => (result.outcome === 'passed' ? [] : [[result.scenario.id, problemsOf(result)]])),
      [],
    );
    t.diagnostic(`the run took ${Math.round(durationMs / 1000)} s`);
  } finally {
    await stage.close();
  }
});

interface Report {
  readonly verdict: 'green' | 'red';
  readonly faults: readonly unknown[];
  readonly causes: readonly unknown[];
  readonly durationMs: number;
  readonly capabilities: readonly { readonly title: string; readonly outcome: string; readonly why?: string }[];
}

const conventions = ['tigase', 'p2', 'v1'];

/** What `harness serve --strict` says of Sealpost as an operator starts it: two processes that share a settings file. */
async function judgeStrictly(name: string, store: string): Promise<{ code: number | null; report: Report }> {
  const own = join(folder, name);
  await mkdir(own);
  const file = join(own, 'settings.json');
  const address = ['--listen', '0', '--domain', 'push.example', '--secret', 's3cret', '--settings', file];
  const asked = conventions.flatMap((convention) => ['--convention', convention]);
  const harness = startHarness(['serve', ...address, ...asked, '--strict', '--json', '--within', '30']);
  const [, port = ''] = await harness.said(/listening for the component push\.example on 127\.0\.0\.1:(\d+)/);
  const { apns, fcm } = JSON.parse(await readFile(file, 'utf8')) as {
    apns: { endpoint: string; ca: string; topic: string; key: object };
    fcm: { endpoint: string; tokenEndpoint: string; ca: string; serviceAccount: string };
  };
  const serviceAccount = { file: fcm.serviceAccount };
  const sealpost = await startSealpost(own, {
    xmpp: [{ service: `xmpp://127.0.0.1:${port}`, domain: 'push.example', secret: 's3cret' }],
    http: { ops: { port: 0 }, public: { port: 0 } },
    store,
    nodes,
    apps: {
      iphone: { provider: 'apns', ids: ['tigase:messenger:apns:1', 'snikket:apns:1'], conventions, ...apns },
      android: { provider: 'fcm', ids: ['fcm-xmpp-api'], conventions, ...fcm, serviceAccount },
    },
  });
  const { code, output } = await harness.finished;
  await sealpost.stop();
  return { code, report: JSON.parse(output) as Report };
}

const stores: readonly [name: string, skip: false | string, url: (name: string) => Promise<string>][] = [
  ['SQLite', false, (name) => Promise.resolve(`sqlite:${join(folder, name, 'sealpost.db')}`)],
  ['PostgreSQL', skip, async () => (await postgres?.createDatabase()) ?? ''],
];
for (const [name, skipStore, urlOf] of stores) {
  test(`stores - serve --strict is green for Sealpost over ${name}`, { skip: skipStore }, async (t) => {
    const { code, report } = await judgeStrictly(name, await urlOf(name));
    assert.deepEqual([report.faults, report.causes], [[], []]);
    assert.deepEqual([code, report.verdict], [0, 'green']);
    const notHeld = report.capabilities.filter(({ outcome }) => outcome !== 'held');
    for (const { title, why } of notHeld) assert.match(why ?? '', /convention raw-token/, title);
    assert.ok(report.capabilities.length - notHeld.length >= 40);
    t.diagnostic(`the run took ${Math.round(report.durationMs / 1000)} s`);
  });
}
