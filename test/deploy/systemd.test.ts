import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { missingPackage } from '../support/debian.ts';
import { p8, serviceAccount } from '../config/files.ts';
import { commandsBelow, root } from './page.ts';
import { readConfig } from './sample-config.ts';

const analyze = '/usr/bin/systemd-analyze';
const skip = missingPackage('systemd', analyze);
const unit = readFileSync(join(root, 'deploy/systemd/sealpost.service'), 'utf8');

/** The values of a setting of the unit. */
const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

const folder = mkdtempSync(join(tmpdir(), 'sealpost-unit-'));
after(() => rmSync(folder, { recursive: true }));
// The command is not installed on this machine.
const copy = join(folder, 'sealpost.service');
writeFileSync(copy, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));

test('systemd - it understands the unit', { skip }, () => {
  const said = execFileSync(analyze, ['verify', '--man=no', copy], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(said, '');
});

test('systemd - a mistake in the unit would be found', { skip }, () => {
  const wrong = join(folder, 'wrong.service');
  writeFileSync(wrong, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/nowhere/sealpost'));
  assert.throws(() => execFileSync(analyze, ['verify', '--man=no', wrong], { stdio: 'pipe' }), /nowhere/);
});

test('systemd - it rates the exposure of the service at 1.5 of 10 or less', { skip }, () => {
  execFileSync(analyze, ['security', '--offline=true', '--threshold=15', '--no-pager', copy], { stdio: 'pipe' });
});

test('systemd - the config reads the credentials that the unit loads, and each of them', () => {
  const loaded = new Map(valuesOf('LoadCredential').map((value) => value.split(':') as [string, string]));
  const contents: Readonly<Record<string, string>> = {
    'AuthKey_ABC1234567.p8': p8,
    'service-account.json': JSON.stringify(serviceAccount),
  };
  const files = Object.fromEntries(
    [...loaded.keys()].map((name) => [`/run/credentials/sealpost.service/${name}`, contents[name] ?? name]),
  );
  const text = readFileSync(join(root, 'deploy/systemd/sealpost.yaml'), 'utf8');
  const { config, opened } = readConfig(text, files);
  assert.deepEqual(opened, Object.keys(files).toSorted());
  assert.ok(config.store.kind === 'sqlite');
  assert.equal(dirname(config.store.path), `/var/lib/${valuesOf('StateDirectory')[0]}`);
  // The commands of the page make the folders that the unit loads from.
  const commands = commandsBelow('systemd').join('\n');
  for (const path of loaded.values()) assert.ok(commands.includes(dirname(path)), path);
});

test('systemd - the page installs the package where the unit starts it', () => {
  const [start = ''] = valuesOf('ExecStart');
  const [, prefix] =
    /^(\S+)\/node_modules\/\.bin\/sealpost serve --config \/etc\/sealpost\/sealpost\.yaml$/.exec(start) ?? [];
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.ok(prefix);
  assert.ok(
    commandsBelow('systemd').some((block) =>
      block.includes(`npm install --prefix ${prefix} --omit=dev --omit=optional ./sealpost-${version}.tgz`),
    ),
  );
});
