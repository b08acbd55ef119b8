import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { createNetwork } from '../deploy/container.ts';
import { fillIn, startJudge } from '../deploy/judge.ts';
import { createMachine } from '../deploy/machine.ts';
import { commandsBelow, root } from '../deploy/page.ts';
import { stopProcess } from '../support/process.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root, to install';
const folder = mkdtempSync(join(tmpdir(), 'sealpost-install-'));
after(() => {
  for (const path of [folder, `${folder}.layers`]) rmSync(path, { recursive: true, force: true });
});

/** A user that no process has, as systemd takes one. */
const uid = 61_184;
const unit = readFileSync(join(root, 'deploy/systemd/sealpost.service'), 'utf8');
const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

/** What systemd does before it starts the service: credentials, the folder of the state, a system that is read-only. */
const beforeStart = [
  'install -d -m 500 /run/credentials/sealpost.service',
  ...valuesOf('LoadCredential').map((value) => {
    const [name, path] = value.split(':');
    return `install -m 400 -o ${uid} "${path}" /run/credentials/sealpost.service/${name}`;
  }),
  `chown ${uid} /run/credentials/sealpost.service`,
  `install -d -m ${valuesOf('StateDirectoryMode')[0]} -o ${uid} /var/lib/${valuesOf('StateDirectory')[0]}`,
].join('\n');

test(
  'install - packed and installed as the docs say, the service carries sealed pushes to both providers',
  { skip },
  async (t) => {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(root, file), join(folder, file));
    }
    symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'));
    const machine = await createMachine(folder);
    t.after(() => machine.stop());
    await machine.type(`
    printf '#!/bin/sh\\nexec "$@"\\n' > /usr/local/bin/sudo
    printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/systemctl
    cp '${process.execPath}' /usr/local/bin/node
    chmod 755 /usr/local/bin/sudo /usr/local/bin/systemctl /usr/local/bin/node`);
    const typing = 'export PATH=/usr/local/bin:$PATH';

    const [pack = '', install = '', start = ''] = commandsBelow('systemd');
    await machine.type(`${typing}\n${pack}`);

    await t.test('install - the package holds what an operator needs, and nothing that only tests need', async () => {
      const listed = (await machine.type('tar --list --file sealpost-*.tgz')).trim().split('\n');
      const names = listed.map((name) => name.replace(/^package\//, ''));
      for (const name of [
        'bin/sealpost.js',
        'dist/bundle/main.js',
        'certs/README.md',
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
      ])
        assert.ok(names.includes(name), name);
      for (const file of files.filter((name) => /^deploy\/(?:systemd|prometheus|grafana)\//.test(name)))
        assert.equal(names.includes(file), !file.includes('.test.'), file);
      assert.deepEqual(
        names.filter((name) => /^(?:src|test|vectors|node_modules)\//.test(name)),
        [],
      );
    });

    const network = await createNetwork();
    t.after(() => network.stop());
    const judge = await startJudge(network, join(folder, 'settings.json'));
    t.after(() => judge.stop());
    await machine.type(`${typing}\n${install}`);
    // What the operator edits is handed over through the folder that both machines see.
    for (const name of ['certs', 'secrets']) mkdirSync(join(folder, 'by-hand', name), { recursive: true });
    const byHand = (name: string) => join(folder, 'by-hand', name);
    cpSync(join(root, 'deploy/systemd/sealpost.yaml'), byHand('sealpost.yaml'));
    fillIn({
      judge,
      config: byHand('sealpost.yaml'),
      certs: byHand('certs'),
      secrets: byHand('secrets'),
      authorities: '/etc/sealpost/authorities',
    });
    await machine.type(`
    cp by-hand/certs/* /etc/sealpost/certs/
    cp by-hand/secrets/* /etc/sealpost/secrets/
    cp by-hand/sealpost.yaml /etc/sealpost/sealpost.yaml
    install -d -m 755 /etc/sealpost/authorities
    install -m 644 by-hand/certs/*.pem /etc/sealpost/authorities/
    ${beforeStart}`);

    const [command = ''] = valuesOf('ExecStart');
    const [program = '', ...enter] = machine.enter(network);
    const service = spawn(
      program,
      [
        ...enter,
        ...['env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...valuesOf('Environment')],
        ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'],
        ...['--no-new-privs', ...command.split(' ')],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    t.after(() => stopProcess(service));
    const lines: string[] = [];
    createInterface({ input: service.stdout }).on('line', (line) => lines.push(line));

    const { report, code } = await judge.verdict;
    assert.match(report, /Green/, lines.join('\n'));
    assert.equal(code, 0, report);

    await t.test('install - the commands of the page ask the running service', async () => {
      assert.match(await machine.type(`${typing}\n${start}`, network), /^Watching: /m);
    });

    await t.test(
      'install - store and node key are in the folder of the state, and nobody else can read them',
      async () => {
        const kept = (await machine.type('stat --format "%n %a %u" /var/lib/sealpost/*')).trim().split('\n');
        for (const name of ['sealpost.db', 'node.key'])
          assert.ok(kept.includes(`/var/lib/sealpost/${name} 600 ${uid}`), kept.join('\n'));
      },
    );

    await t.test('install - nobody is told that others can read a secret', () => {
      assert.deepEqual(
        lines.filter((line) => line.includes('other users can')),
        [],
      );
    });

    await t.test('install - systemctl stop ends it in order', async () => {
      await stopProcess(service);
      assert.equal(service.exitCode, 0);
    });
  },
);
