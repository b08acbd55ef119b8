import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ScenarioStage, setScenarioStage } from '../../src/harness/runner/environment.ts';
import { problemsOf } from '../../src/harness/runner/result.ts';
import { runScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createUsed, recordStage, type Used } from '../harness/recorder.ts';
import { eventually } from '../support/process.ts';
import { type Sealpost, startSealpost } from '../support/sealpost.ts';

// Every scenario is played against a server of its own process, over both providers and every convention, with refused
// registrations, malformed publishes and providers that fail. Then all that the process wrote or served is searched.

/** Their accounts have names that are no words of ours, so that none is found by chance: `dead-token` is a metric's label. */
const played = scenarios.map((scenario) => ({ ...scenario, id: `person-${scenario.id}` }));

const adminToken = 'an-admin-token-of-this-run';

/** What a file of credentials holds: the lines of its keys. */
function noteFile(used: Used, path: string): void {
  for (const line of readFileSync(path, 'utf8').split(/\\n|[\n"]/)) if (line.length >= 40) used.add('secret', line);
}

function noteConfig(used: Used, yaml: object): void {
  used.add('secret', adminToken);
  JSON.stringify(yaml, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (key === 'secret' || key === 'key') used.add('secret', value.split(' ')[0]);
    if (key === 'file') noteFile(used, value);
    return value;
  });
}

/** Throws, at SIGUSR2, an error that nothing catches and that quotes a whole file in its message and its properties. */
const crasher = (file: string) => `
import { readFileSync } from 'node:fs';
process.on('SIGUSR2', () => {
  const quoted = readFileSync(${JSON.stringify(file)}, 'utf8');
  throw Object.assign(new RangeError(quoted + '\\n    at ' + quoted), { quoted });
});
`;

/** Everything that the listeners serve, with credentials and without, to right requests and wrong ones. */
async function askEverything({ opsUrl, publicUrl }: Sealpost, used: Used): Promise<Map<string, string>> {
  const served = new Map<string, string>();
  const one = (kind: 'node' | 'token' | 'secret') => [...(used.words.get(kind) ?? [])].at(-1) ?? '';
  const admin = { authorization: `Bearer ${adminToken}` };
  const ask = async (origin: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, origin), { ...init, signal: AbortSignal.timeout(30_000) });
    const headers = JSON.stringify([...response.headers]);
    served.set(`${init.method ?? 'GET'} ${path} (${response.status})`, headers + (await response.text()));
  };
  const fingerprints = [...(used.words.get('node') ?? [])].map((node) => fingerprint(node)).slice(-200);
  for (const headers of [admin, { authorization: `Bearer ${one('secret')}` }, undefined]) {
    const init = headers ? { headers } : {};
    for (const path of ['/', '/console.js', '/console.css', '/metrics', '/healthz', '/readyz', '/admin/openapi.json']) {
      await ask(opsUrl, path, init);
    }
    for (const path of ['/guard', '/devices/list', '/devices?token=x', `/nothing/${one('node')}`])
      await ask(opsUrl, path, init);
    await ask(opsUrl, '/accounts/forget', { ...init, method: 'POST', body: one('token') });
  }
  for (const device of fingerprints) await ask(opsUrl, `/devices/${device}`, { headers: admin, method: 'DELETE' });
  const json = { 'content-type': 'application/json' };
  for (const path of [
    '/unregister-device/push.example.com',
    '/v1/registrations',
    '/push_appserver/v1/register',
    '/nothing',
  ]) {
    const body = JSON.stringify({ account: 7, token: one('token'), node: one('node'), secret: one('secret') });
    await ask(publicUrl, path, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${one('secret')}` },
      body,
    });
    await ask(publicUrl, path, { method: 'POST', headers: json, body: `{"token":"${one('token')}` });
    await ask(publicUrl, path, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body });
  }
  await ask(publicUrl, '/openapi.json');
  await ask(publicUrl, `/v1/registrations/${one('node')}`, { headers: { authorization: 'Bearer no' } });
  return served;
}

/** The console's live events until the first one came. */
async function firstEvent(opsUrl: string): Promise<string> {
  const until = AbortSignal.timeout(30_000);
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(new URL('/console/live', opsUrl), { headers, signal: until });
  for await (const part of response.body ?? []) return Buffer.from(part as Uint8Array).toString();
  return '';
}

test('secrecy - nothing that the server writes or serves tells what a whole run of the harness used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-secrecy-'));
  const quoted = join(folder, 'quoted');
  await writeFile(join(folder, 'crash.mjs'), crasher(quoted));
  const used = createUsed();
  let sealpost: Sealpost | undefined;
  let stage: ScenarioStage | undefined;
  try {
    stage = await setScenarioStage({
      clock: systemClock,
      randomBytes,
      async startServer(yaml) {
        noteConfig(used, yaml);
        const config = { ...yaml, log: { level: 'debug' }, admin: { token: adminToken } };
        const running = await startSealpost(folder, config, ['--import', join(folder, 'crash.mjs')]);
        sealpost = running;
        return { opsUrl: running.opsUrl, publicUrl: running.publicUrl, stop: running.stop };
      },
    });
    assert.ok(sealpost);
    recordStage(stage, used);
    const { results } = await runScenarios({ scenarios: played, stage });
    assert.deepEqual(results.filter(({ outcome }) => outcome !== 'passed').flatMap(problemsOf), []);

    const served = await askEverything(sealpost, used);
    served.set('the console, live', await firstEvent(sealpost.opsUrl));
    await writeFile(quoted, [...used.words.values()].flatMap((words) => [...words]).join('\n'));
    sealpost.process.kill('SIGUSR2');
    assert.equal(await sealpost.ended, 1);
    const { lines } = sealpost;
    await eventually('the crash is told', () => lines.some((line) => line.includes('RangeError')) || undefined);
    const written = new Map([...served, ['log and standard error', lines.join('\n')]]);

    for (const kind of ['token', 'node', 'secret', 'ciphertext', 'plaintext', 'local part', 'bearer token'] as const) {
      const words = used.words.get(kind) ?? new Set();
      assert.ok(words.size >= 3, `the run used ${words.size} of the kind ${kind}`);
      for (const [where, text] of written) {
        const found = [...words].filter((word) => text.includes(word));
        assert.deepEqual(found, [], `${kind} in ${where}`);
      }
    }
    const told = [...(used.words.get('node') ?? [])].filter((node) =>
      written.get('log and standard error')?.includes(fingerprint(node)),
    );
    assert.ok(told.length >= played.length / 2, `${told.length} fingerprints were written`);
  } finally {
    await stage?.close();
    await rm(folder, { recursive: true });
  }
});
