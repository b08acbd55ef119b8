import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { eventually } from '../support/process.ts';
import { startWorld } from '../support/sealpost.ts';

type Line = Readonly<Record<string, unknown>>;
type Yaml = Record<string, Record<string, Record<string, unknown>>>;

const publish = (id: string, node: string) =>
  `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
  `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
  `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`;

async function reloadable(t: TestContext) {
  const world = await startWorld();
  t.after(() => world.stop());
  const file = join(world.folder, 'sealpost.yaml');
  const usual = readFileSync(file, 'utf8');
  const lines = () => world.sealpost.lines.map((line) => JSON.parse(line) as Line);
  let published = 0;
  return {
    ...world,
    /** Writes the config, sends SIGHUP and resolves with the lines that are logged until all is done. */
    async reload(change: string | ((config: Yaml) => object)): Promise<readonly Line[]> {
      const before = world.sealpost.lines.length;
      writeFileSync(file, typeof change === 'string' ? change : stringify(change(parse(usual) as Yaml)));
      world.sealpost.process.kill('SIGHUP');
      const isDone = () =>
        lines()
          .slice(before)
          .some(({ msg }) => msg === 'credentials checked') || undefined;
      await eventually('the config was read', isDone);
      return lines().slice(before);
    },
    async publish(node: string) {
      published += 1;
      const answer = await world.ask(publish(`p${published}`, node));
      return answer.kind === 'error' ? `${answer.type} ${answer.condition}` : answer.kind;
    },
  };
}

/** Without the warning that Siskin crashes on what its app carries here. */
const told = (lines: readonly Line[]) =>
  lines
    .map(({ app, key, msg }) => [app ?? key, msg].filter(Boolean).join(': '))
    .filter((line) => !line.includes('crashes on sealed content'));
/** What the user would see. */
const alertOf = (push: { readonly body: unknown } | undefined) =>
  (push?.body as { aps?: { alert?: { body?: string } } } | undefined)?.aps?.alert?.body;

const token = (digit: string) => digit.repeat(64);

test('reload - an app is added, changed, removed and put back without a restart, and no registration is lost', async (t) => {
  const { reload, register, publish: notify, apns } = await reloadable(t);
  const romeo = { account: 'romeo@localhost', provider: 'tigase:messenger:apns:1', token: token('a') };
  const juliet = { account: 'juliet@localhost', provider: 'tigase:other:apns:1', token: token('b') };
  const node = await register(romeo);
  await assert.rejects(register(juliet));

  const added = await reload(({ apps, ...others }) => ({
    ...others,
    apps: { ...apps, other: { ...apps?.['siskin'], ids: ['tigase:other:apns:1'] } },
  }));
  assert.deepEqual(told(added).slice(0, 2), ['other: an app was added', 'the config was read again']);
  const other = await register(juliet);
  assert.equal(await notify(other), 'result');

  const changed = await reload(({ apps, ...others }) => ({
    ...others,
    apps: { ...apps, siskin: { ...apps?.['siskin'], alert: { body: 'Wherefore?' } } },
  }));
  assert.deepEqual(told(changed).slice(0, 3), [
    'siskin: the settings of an app were changed',
    'other: an app was removed',
    'the config was read again',
  ]);
  assert.equal(await notify(node), 'result');
  assert.equal(alertOf(apns.received.at(-1)), 'Wherefore?');
  // The server keeps a registration whose app is away.
  assert.equal(await notify(other), 'wait internal-server-error');
  await assert.rejects(register(juliet));

  await reload(({ apps, ...others }) => ({
    ...others,
    apps: { ...apps, other: { ...apps?.['siskin'], ids: ['tigase:other:apns:1'] } },
  }));
  assert.equal(await notify(other), 'result');
  assert.equal(apns.received.at(-1)?.token, token('b'));
});

test('reload - limits and the level of the log change at once', async (t) => {
  const { reload, register, publish: notify, sealpost } = await reloadable(t);
  const node = await register({ account: 'romeo@localhost', provider: 'tigase:messenger:apns:1', token: token('a') });
  const share = { burst: 1, perMinute: 1 };
  const lines = await reload((config) => ({
    ...config,
    limits: { publishesPerDomain: share },
    log: { level: 'debug' },
  }));
  assert.deepEqual(told(lines).slice(0, 3), [
    'the limits were changed',
    'the level of the log was changed',
    'the config was read again',
  ]);
  assert.equal(await notify(node), 'result');
  assert.equal(await notify(node), 'wait internal-server-error');
  await eventually('it is told', () => sealpost.lines.find((line) => line.includes('a notification was answered')));
  const again = await reload((config) => ({
    ...config,
    limits: { publishesPerDomain: share },
    log: { level: 'debug' },
  }));
  assert.ok(told(again).includes('the config was read again: nothing has changed'));
});

test('reload - what needs a restart is named, and what needs none is applied all the same', async (t) => {
  const { reload, acceptor } = await reloadable(t);
  const change = (config: Yaml) => ({ ...config, admin: { token: 'x'.repeat(32) }, log: { level: 'debug' } });
  for (let time = 0; time < 2; time += 1) {
    const lines = await reload(change);
    const restart = lines.find(({ msg }) => msg === 'a change needs a restart');
    assert.deepEqual([restart?.['level'], restart?.['key']], [40, 'admin']);
    assert.doesNotMatch(JSON.stringify(lines), /xxxx/);
  }
  assert.equal(acceptor.connections.length, 1);
});

test('reload - if anything is wrong, each mistake is named and everything stays as it was', async (t) => {
  const { reload, register, publish: notify, folder, apns } = await reloadable(t);
  const node = await register({ account: 'romeo@localhost', provider: 'tigase:messenger:apns:1', token: token('a') });
  const kept = 'the config cannot be used: everything stays as it was';
  const mistakes = await reload('xmpp: []\napps: { siskin: { provider: apns, topic: s3cret } }\n');
  const errors = mistakes.filter(({ msg }) => msg === kept);
  assert.ok(errors.length >= 3, JSON.stringify(mistakes));
  assert.equal(errors[0]?.['level'], 50);
  assert.match(String(errors[0]?.['reason']), /^line 1: xmpp: expected at least one link/);
  assert.doesNotMatch(JSON.stringify(mistakes), /s3cret/);
  writeFileSync(join(folder, 'broken.p8'), 'no key');
  const unusable = await reload(({ apps, ...others }) => ({
    ...others,
    apps: {
      siskin: { ...apps?.['siskin'], alert: { body: 'Changed' } },
      other: { ...apps?.['siskin'], ids: ['x'], key: { file: 'broken.p8', id: 'ABC1234567', team: 'TEAM123456' } },
    },
  }));
  assert.ok(told(unusable).includes(kept));
  assert.equal(await notify(node), 'result');
  assert.equal(alertOf(apns.received.at(-1)), 'New message!');
});

test('reload - a secret out of a pipe is not waited for, and the server goes on', async (t) => {
  const { reload, register, publish: notify, folder } = await reloadable(t);
  const node = await register({ account: 'romeo@localhost', provider: 'tigase:messenger:apns:1', token: token('a') });
  const pipe = join(folder, 'secret');
  execFileSync('mkfifo', [pipe]);
  const lines = await reload((config) => ({ ...config, admin: { token: { file: pipe } } }));
  const refused = lines.find(({ msg }) => msg === 'the config cannot be used: everything stays as it was');
  assert.match(String(refused?.['reason']), /admin\.token: cannot read .*\/secret \(NOT_A_REGULAR_FILE\)$/);
  assert.equal(await notify(node), 'result');
});
