import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { devices } from '../../src/commands/devices.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { publishOf, sealedText, startOperated } from '../support/operator.ts';
import { runSealpost } from '../support/command.ts';

const apnsId = 'tigase:messenger:apns:1';
const token = 'c0ffee00'.repeat(8);
const secondToken = 'decaf000'.repeat(8);
const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(-?\d+ s ago\)`;

async function start(t: TestContext) {
  const world = await startOperated(t);
  return { ...world, server: world.sealpost, sealpost: (...args: readonly string[]) => world.run(devices, args) };
}

test('devices - "Romeo gets no pushes" is answered by one command, at each step of the way', async (t) => {
  const { register, ask, apns, sealpost, written, server } = await start(t);
  const show = async () => (await sealpost('show', 'Romeo@localhost')).output;

  const unknown = await sealpost('show', 'romeo@localhost');
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.output,
    /^No device of romeo@localhost is registered, nor was one removed in the latest 400 days\./,
  );

  const node = await register({ account: 'romeo@localhost', provider: apnsId, token, secondToken });
  const print = fingerprint(node);
  const paragraph = (lastPublish: string, lastPush: string, summary: string) =>
    new RegExp(
      String.raw`^Romeo@localhost: 1 device\n\n${print}  siskin \(tigase, calls\), registered\n` +
        String.raw`  account      romeo@localhost\n  registered   ${time} over push\.localhost\n` +
        String.raw`  last publish ${lastPublish}\n  last push    ${lastPush}\n  queued       nothing\n  => ${summary}`,
    );
  assert.match(
    await show(),
    paragraph('none is known', 'none is known', 'Registered, but no publish is known: has the client'),
  );

  assert.equal((await ask(publishOf('p1', node))).kind, 'result');
  assert.match(
    await show(),
    paragraph(
      `${time}: sent, and the provider accepted it`,
      `${time}: the provider accepted it`,
      'The provider accepted',
    ),
  );

  await ask(publishOf('p2', node, { from: 'evil.example' }));
  assert.match(
    await show(),
    paragraph(
      `${time}: refused: whoever published .*`,
      `${time}: the provider accepted it`,
      'Refused: whoever published is not',
    ),
  );

  apns.script(token, { status: 403, reason: 'InvalidProviderToken' });
  await ask(publishOf('p3', node));
  assert.match(await show(), /last push    .*: the provider refuses us \(InvalidProviderToken\)/);
  assert.match(await show(), /=> The provider refuses all pushes of its app \(InvalidProviderToken\): /);

  apns.script(token, { status: 410, reason: 'Unregistered' });
  await ask(publishOf('p4', node));
  await ask(publishOf('p5', node));
  const hidden = [node, token, secondToken, sealedText];
  for (const secret of hidden) assert.ok(![...written, ...server.lines].join('').includes(secret));
});

test('devices - a dead token shows as a removed device, found by fingerprint and by token', async (t) => {
  const { register, ask, apns, sealpost } = await start(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token });
  const other = await register({ account: 'juliet@localhost', provider: apnsId, token: 'ab'.repeat(32) });
  await ask(publishOf('p0', other));
  apns.script(token, { status: 410, reason: 'Unregistered', timestampMs: Date.now() + 1_000 });
  await ask(publishOf('p1', node));
  for (const named of [fingerprint(node), token.slice(0, 8)]) {
    const { code, output } = await sealpost('find', named);
    assert.equal(code, 0);
    assert.match(output, /, removed\n/);
    assert.match(output, new RegExp(`\n  removed      ${time}: the provider called its device token dead\n`));
    assert.match(output, /\n {2}last push .*: the provider calls the device token dead \(Unregistered\)/);
    assert.match(output, /=> Removed: the provider called its device token dead\. The user has to open the app/);
  }
  assert.equal((await sealpost('find', '000000000000')).code, 1);
});

test('devices - list, revoke and forget do what they say, in JSON too', async (t) => {
  const { register, ask, sealpost, apns } = await start(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token });
  const tablet = await register({ account: 'romeo@localhost', provider: apnsId, token: 'ee'.repeat(32) });
  const other = await register({ account: 'juliet@localhost', provider: apnsId, token: 'ab'.repeat(32) });
  const listed = await sealpost('list');
  assert.deepEqual(
    listed.output
      .trim()
      .split('\n')
      .map((line) => line.slice(0, 12))
      .toSorted(),
    [node, tablet, other].map(fingerprint).toSorted(),
  );
  assert.doesNotMatch(listed.output, /romeo|juliet/);
  assert.equal((await sealpost('list', '--limit', '2', '--json')).output.trim().split('\n').length, 2);
  assert.equal((await sealpost('list', '--failing')).output, '');

  const revoked = await sealpost('revoke', fingerprint(node), '--json');
  assert.deepEqual(JSON.parse(revoked.output), { fingerprint: fingerprint(node), app: 'siskin', domain: 'localhost' });
  const answer = await ask(publishOf('p1', node));
  assert.deepEqual(answer.kind === 'error' && [answer.type, answer.condition], ['cancel', 'item-not-found']);
  const again = await sealpost('revoke', fingerprint(node));
  assert.deepEqual([again.code, /removed already/.test(again.errors)], [1, true]);

  const foretold = await sealpost('forget', 'romeo@localhost');
  assert.deepEqual(
    [foretold.code, foretold.output],
    [1, 'This would erase 1 registration and 1 mark of a removed one. Nothing was erased: say --yes to do it.\n'],
  );
  const forgotten = await sealpost('forget', 'romeo@localhost', '--yes');
  assert.deepEqual([forgotten.code, forgotten.output], [0, 'Erased 1 registration and 1 mark of a removed one.\n']);
  // Its node holds its token, and yet nothing comes back of it.
  const sent = apns.received.length;
  for (const [i, known] of [node, tablet].entries()) {
    const said = await ask(publishOf(`f${i}`, known));
    assert.deepEqual(said.kind === 'error' && [said.type, said.condition], ['cancel', 'item-not-found']);
  }
  assert.equal(apns.received.length, sent);
  assert.equal((await sealpost('show', 'romeo@localhost')).code, 1);
  assert.equal((await sealpost('show', 'juliet@localhost')).code, 0);
});

test('devices - wrong calls say what is wrong', async (t) => {
  const { sealpost } = await start(t);
  for (const [words, complaint] of [
    [[], 'an action is missing: show, find, list, revoke, forget'],
    [['sohw', 'romeo@localhost'], 'unknown action "sohw"; did you mean "show"?'],
    [['show'], 'devices show needs ACCOUNT'],
    [['show', 'a@b', 'c@d'], 'unexpected "c@d"'],
    [['show', 'a@b', '--failing'], '--app, --domain and --failing go with list'],
    [['list', '--limt', '3'], 'unknown option "--limt"; did you mean "--limit"?'],
  ] as const) {
    const { code, errors } = await sealpost(...words);
    assert.deepEqual([code, errors], [2, `UsageError: ${complaint}`]);
  }
  const dead = await sealpost('show', 'romeo@localhost', '--url', 'http://127.0.0.1:1');
  assert.equal(dead.code, 1);
  assert.match(dead.errors, /^AdminError: No answer from http:\/\/127\.0\.0\.1:1 \(.*\)\. Does the server run\?/);
  const wrong = await sealpost('show', 'romeo');
  assert.deepEqual([wrong.code, /answered 400: querystring\/account/.test(wrong.errors)], [1, true]);
});

test('devices - the command line knows it: its help page and its exit codes', async () => {
  const [help, none, wrong] = await Promise.all([
    runSealpost(['devices', '--help']),
    runSealpost(['devices', 'show', 'romeo@localhost'], {}),
    runSealpost(['devices', 'sohw', 'romeo@localhost']),
  ]);
  assert.match(help.output, /^Usage: sealpost devices .*Examples:.*Exit codes:/s);
  assert.deepEqual([none.code, /a config is missing/.test(none.errors)], [2, true]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.errors, /^sealpost: unknown action "sohw"; did you mean "show"\?\n\nUsage: sealpost devices/);
});
