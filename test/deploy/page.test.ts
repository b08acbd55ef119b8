import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { readCompose } from './compose.ts';
import { commandsBelow, root } from './page.ts';
import { withoutPromtool } from './promtool.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealpost-page-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });
mkdirs('bin', 'certs', 'secrets');

function mkdirs(...names: string[]): void {
  execFileSync('mkdir', names, { cwd: folder });
}

/** Runs commands of the page where deploy/ is; `docker` and `kubectl` only tell how they were called. */
function typed(block: string): string[][] {
  for (const name of ['docker', 'kubectl'])
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nprintf '%s\\0' ${name} "$@" >> "$CALLS"; echo >> "$CALLS"\n`, {
      mode: 0o755,
    });
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  execFileSync('bash', ['-e', '-c', block], {
    cwd: folder,
    env: { ...process.env, CALLS: calls, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = readFileSync(calls, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => line.split('\0').slice(0, -1));
}

test('deploying - the set-up to try: each command is about a service of the file', () => {
  const calls = commandsBelow('A whole set-up to try').flatMap(typed);
  assert.deepEqual(
    calls.map(([docker, compose, option, file, verb]) => [docker, compose, option, file, verb]),
    ['up', 'run', 'logs'].map((verb) => ['docker', 'compose', '--file', 'deploy/compose.yaml', verb]),
  );
  const { services } = readCompose(join(folder, 'deploy/compose.yaml'));
  for (const call of calls.slice(1)) assert.ok(services[call.at(-1) ?? ''], call.join(' '));
});

test('deploying - three processes: the commands make the secrets that the file names, and each of them', () => {
  const [secrets = '', up = ''] = commandsBelow('Three processes with Docker');
  assert.deepEqual(typed(secrets), []);
  const compose = readCompose(join(folder, 'deploy/scale/compose.yaml'));
  const made = readdirSync(join(folder, 'deploy/scale/secrets')).map((name) => `secrets/${name}`);
  assert.deepEqual(
    made.toSorted(),
    Object.values(compose.secrets)
      .map(({ file }) => file)
      .toSorted(),
  );
  const read = (name: string) => readFileSync(join(folder, 'deploy/scale/secrets', name), 'utf8').trim();
  const url = new URL(read('postgres-url'));
  const { environment } = compose.services['postgres'] ?? {};
  assert.deepEqual(
    [url.username, url.pathname, url.password, url.hostname],
    [environment?.['POSTGRES_USER'], `/${environment?.['POSTGRES_DB']}`, read('postgres-password'), 'postgres'],
  );
  assert.equal(Buffer.from(read('node-key'), 'base64').length, 32);
  assert.deepEqual(typed(up), [
    ['docker', 'compose', '--file', 'deploy/scale/compose.yaml', 'up', '--build', '--detach'],
  ]);
});

test('deploying - Kubernetes: the commands name files that are there, and make the Secrets that the pods mount', () => {
  const calls = commandsBelow('Kubernetes').flatMap(typed);
  const following = (option: string) =>
    calls.flatMap((call) => (call.includes(option) ? [call[call.indexOf(option) + 1] ?? ''] : []));
  assert.deepEqual([following('-f'), following('-k')], [['deploy/kubernetes/namespace.yaml'], ['deploy/kubernetes']]);
  for (const path of [...following('-f'), ...following('-k')]) assert.ok(existsSync(join(folder, path)), path);
  const shown = parseAllDocuments(readFileSync(join(folder, 'deploy/kubernetes/secret.example.yaml'), 'utf8'));
  const names = shown.map((document) => document.getIn(['metadata', 'name']));
  assert.deepEqual(following('generic'), names);
  for (const call of calls)
    if (call.includes('--namespace')) assert.equal(call[call.indexOf('--namespace') + 1], 'sealpost');
});

test('deploying - the rules get the address of a runbook', { skip: withoutPromtool }, () => {
  const [rules = ''] = commandsBelow('Alerts and dashboard');
  typed(rules);
  const written = readFileSync(join(folder, 'sealpost.rules.yml'), 'utf8');
  const urls = [...written.matchAll(/runbook_url: (\S+)/g)].map(([, url = '']) => url);
  assert.ok(urls.length > 20);
  for (const url of urls) assert.match(url, /^https:\/\/wiki\.example\.com\/sealpost\/runbook#sealpost[a-z]+$/);
});
