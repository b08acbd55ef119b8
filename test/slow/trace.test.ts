import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendTest } from '../../src/commands/send-test.ts';
import { trace } from '../../src/commands/trace.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { runSealpost } from '../support/command.ts';
import { publishOf, sealedText, startOperated } from '../support/operator.ts';
import { eventually } from '../support/process.ts';

const apnsId = 'tigase:messenger:apns:1';
const token = 'c0ffee00'.repeat(8);
const secondToken = 'decaf000'.repeat(8);

/** The steps of a trace without what differs from run to run. */
const stepsOf = (output: string) =>
  output
    .trim()
    .split('\n')
    .filter((line) => /^\d\d:/.test(line))
    .map((line) =>
      line
        .replace(/^[\d:.]+ {2}/, '')
        .replace(/after \d+ ms/, 'after … ms')
        .replace(/for \d+ s/, 'for … s'),
    );

test('trace - every step of every notification of an account is told, and nothing that is secret', async (t) => {
  const { register, ask, apns, run, written, sealpost } = await startOperated(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token, secondToken });
  const other = await register({ account: 'juliet@localhost', provider: apnsId, token: 'ab'.repeat(32) });
  const ended = new AbortController();
  const following = run(trace, ['Romeo@localhost'], ended.signal);
  await eventually('the trace begins', () => written.join('').includes('Following') || undefined);

  await ask(publishOf('p1', other));
  await ask(publishOf('p2', node));
  await ask(publishOf('p3', node, { from: 'evil.example' }));
  await ask(publishOf('p4', node, { ciphertext: 'A'.repeat(8_000) }));
  apns.script(token, { status: 503, reason: 'ServiceUnavailable' });
  await ask(publishOf('p5', node));
  const tablet = await register({ account: 'romeo@localhost', provider: apnsId, token: 'ee'.repeat(32) });
  await ask(publishOf('p6', tablet));
  await eventually('all is told', () => written.join('').split('the server is answered').length > 5 || undefined);
  ended.abort();
  const { code, output } = await following;
  assert.equal(code, 0);
  assert.match(output, /^Following Romeo@localhost \(1 device\) for 600 s, times in UTC\. Ctrl-C ends it\.\n/);
  const [phone, later] = [fingerprint(node), fingerprint(tablet)];
  const passed = (device: string, bytes = 44) => [
    `${device}  received    from localhost: sealed, ${bytes} bytes, priority high; its device is registered`,
    `${device}  authorized  the publisher may publish`,
  ];
  const routed = (device: string) =>
    `${device}  routed      alert to the first token, content sealed, worth sending for … s`;
  const sent = (device: string) => [
    `${device}  answered    alert: accepted after … ms`,
    `${device}  outcome     sent; the server is answered result`,
  ];
  assert.deepEqual(stepsOf(output), [
    ...[...passed(phone), routed(phone), ...sent(phone)],
    `${phone}  received    from evil.example: sealed, 44 bytes, priority high; its device is registered`,
    `${phone}  outcome     wrong-publisher; the server is answered forbidden`,
    ...passed(phone, 8_000),
    `${phone}  routed      alert to the first token, content none (too long, left out), worth sending for … s`,
    ...sent(phone),
    ...[...passed(phone), routed(phone)],
    `${phone}  answered    alert: retry (ServiceUnavailable) after … ms`,
    `${phone}  queued      in the outbox for … s, after 1 attempt`,
    `${phone}  outcome     queued; the server is answered result`,
    ...[...passed(later), routed(later), ...sent(later)],
  ]);
  const served = [...written, ...sealpost.lines].join('\n');
  for (const secret of [node, tablet, token, secondToken, sealedText]) assert.ok(!served.includes(secret));
  assert.ok(sealpost.lines.every((line) => !/romeo/i.test(line)));
});

test('trace - one device, as JSON lines', async (t) => {
  const { register, ask, run, written } = await startOperated(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token });
  const ended = new AbortController();
  const following = run(trace, [fingerprint(node), '--json'], ended.signal);
  // Nothing is written when it begins, so that each line is a step.
  for (let i = 0; !written.join('').includes('"received"'); i += 1) await ask(publishOf(`p${i}`, node));
  ended.abort();
  const { code, output } = await following;
  assert.equal(code, 0);
  const steps = output.split('\n').filter((line) => line !== '');
  const received = steps
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find(({ step }) => step === 'received');
  const { at, ...step } = received ?? {};
  assert.match(String(at), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(step, {
    ...{ device: fingerprint(node), app: 'siskin', step: 'received', publisher: 'localhost' },
    ...{ content: 'sealed', priority: 'high', bytes: 44, found: 'registered' },
    text: 'from localhost: sealed, 44 bytes, priority high; its device is registered',
  });
});

test('trace - the end of the server ends it, and eight run at a time', async (t) => {
  const { run, written, sealpost } = await startOperated(t);
  const running = Array.from({ length: 8 }, () => run(trace, ['romeo@localhost']));
  await eventually('all run', () => written.filter((text) => text.startsWith('Following')).length === 8 || undefined);
  const ninth = await run(trace, ['romeo@localhost']);
  assert.deepEqual([ninth.code, /answered 409: as many traces run as may/.test(ninth.errors)], [1, true]);
  await sealpost.stop();
  for (const { code, output } of await Promise.all(running)) {
    assert.equal(code, 1);
    assert.match(output, /\nThe server ended\.\n$/);
  }
});

test('send-test - a push goes through the real provider, and its way is shown', async (t) => {
  const { register, apns, run, written, sealpost } = await startOperated(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token, secondToken });
  const print = fingerprint(node);
  for (const [option, target, push, body] of [
    [
      [],
      token,
      'alert',
      { aps: { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' } },
    ],
    [['--background'], token, 'background', { aps: { 'content-available': 1 } }],
    [['--voip'], secondToken, 'voip', { aps: {} }],
  ] as const) {
    const { code, output } = await run(sendTest, [print, ...option]);
    assert.equal(code, 0, output);
    assert.deepEqual(
      stepsOf(output).map((line) => line.slice(14)),
      [
        `routed      ${push} to the ${push === 'voip' ? 'second' : 'first'} token, content ` +
          (push === 'voip' ? 'sealed, at once or never' : 'none, worth sending for … s'),
        `answered    ${push}: accepted after … ms`,
      ],
    );
    assert.match(output, /\n=> the provider accepted it \(if the phone shows nothing: /);
    const last = apns.received.at(-1);
    const { encrypted, iv, ...rest } = last?.body ?? {};
    assert.deepEqual([last?.token, rest], [target, { ...body, account: 'romeo@localhost' }]);
    const sizes = [encrypted, iv].map((text) => (typeof text === 'string' ? Buffer.from(text, 'base64').length : 0));
    assert.deepEqual(sizes, push === 'voip' ? [66, 12] : [0, 0]);
  }
  apns.script(token, { status: 403, reason: 'InvalidProviderToken' });
  const refused = await run(sendTest, [print]);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /answered {4}alert: misconfigured \(InvalidProviderToken\)/);
  assert.match(refused.output, /\n=> the provider refuses us, or the guard holds \(see the reason above/);
  const json = await run(sendTest, [print, '--json']);
  const lines = json.output.trim().split('\n');
  assert.equal((JSON.parse(lines.at(-1) ?? '') as { outcome: string }).outcome, 'misconfigured');
  const unknown = await run(sendTest, ['000000000000']);
  assert.deepEqual([unknown.code, /answered 404: no device has this fingerprint/.test(unknown.errors)], [1, true]);
  for (const secret of [node, token, secondToken])
    assert.ok(![...written, ...sealpost.lines].join('').includes(secret));
});

test('send-test - a device without a second token gets no call, and a dead token ends its registration', async (t) => {
  const { register, ask, apns, run } = await startOperated(t);
  const node = await register({ account: 'romeo@localhost', provider: apnsId, token });
  const print = fingerprint(node);
  const voip = await run(sendTest, [print, '--voip']);
  assert.equal(voip.code, 1);
  assert.match(voip.output, /^=> nothing was sent: the device has no second token/);
  assert.equal(apns.received.length, 0);
  await run(sendTest, [print]);
  apns.script(token, { status: 410, reason: 'Unregistered', timestampMs: Date.now() + 1_000 });
  const dead = await run(sendTest, [print]);
  assert.equal(dead.code, 1);
  assert.match(dead.output, /=> the provider calls the device token dead, and the registration was removed/);
  const said = await ask(publishOf('p1', node));
  assert.deepEqual(said.kind === 'error' && [said.type, said.condition], ['cancel', 'item-not-found']);
});

test('trace and send-test - wrong calls say what is wrong, and both have a help page', async (t) => {
  const { run } = await startOperated(t);
  for (const [command, words, complaint] of [
    [trace, [], 'trace needs ACCOUNT or FINGERPRINT'],
    [trace, ['a@b', 'c@d'], 'unexpected "c@d"'],
    [trace, ['a@b', '--for', '2h'], '--for takes a time from 1s to 1h, such as 30s, 10m or 1h'],
    [trace, ['a@b', '--for', 'ten'], '--for takes a time from 1s to 1h, such as 30s, 10m or 1h'],
    [sendTest, [], 'send-test needs FINGERPRINT'],
    [sendTest, ['a', '--voip', '--background'], '--voip and --background exclude each other'],
  ] as const) {
    assert.deepEqual(await run(command, words), { code: 2, output: '', errors: `UsageError: ${complaint}` });
  }
  const [one, other] = await Promise.all([runSealpost(['trace', '--help']), runSealpost(['send-test', '--help'])]);
  assert.match(one.output, /^Usage: sealpost trace .*Examples:.*Exit codes:/s);
  assert.match(other.output, /^Usage: sealpost send-test .*Example:.*Exit codes:/s);
});
