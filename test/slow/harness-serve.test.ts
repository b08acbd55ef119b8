import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callHarness, startHarness, startNode } from '../harness/command.ts';

let folder: string;
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'harness-serve-'))));
after(() => rm(folder, { recursive: true }));

interface Result {
  readonly id: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly problems: readonly string[];
}

/** Lets the harness try a vendor's component, as two processes that know of each other what a vendor would type. */
async function tryVendor(script: string, options: readonly string[], cured: boolean) {
  const settings = join(folder, `${script}-${cured}.json`);
  const address = ['--listen', '0', '--domain', 'push.vendor.example', '--secret', 's3cret'];
  const harness = startHarness(['serve', ...address, '--settings', settings, '--json', ...options]);
  const [, port] = await harness.said(/listening for the component push\.vendor\.example on 127\.0\.0\.1:(\d+)/);
  const file = join(import.meta.dirname, '../harness', script);
  const vendor = startNode([
    file,
    `xmpp://127.0.0.1:${port}`,
    'push.vendor.example',
    's3cret',
    settings,
    ...(cured ? ['yes'] : []),
  ]);
  const { code, output, errors } = await harness.finished;
  vendor.process.kill();
  await vendor.finished;
  const { results } = JSON.parse(output) as { results: Result[] };
  return { code, results, errors, failed: results.filter(({ outcome }) => outcome === 'failed') };
}

const rawToken = ['--convention', 'raw-token', '--apns-id', 'vendorApp'];

test('serve - a component for raw tokens that hides dead devices is found out, in that alone', async () => {
  const { code, results, failed, errors } = await tryVendor('vendor-component.mjs', rawToken, false);
  assert.equal(code, 1);
  assert.deepEqual(
    failed.map(({ id, problems }) => [id, problems]),
    [
      [
        'trouble-monal-410-unregistered',
        [
          'the server publishes: message: at the answer result ejabberd, Tigase, MongooseIM, and Prosody keep a dead device',
        ],
      ],
    ],
  );
  assert.equal(results.filter(({ outcome }) => outcome === 'passed').length, 3);
  assert.match(errors, /✗ 1 of 4 scenarios failed, \d+ skipped/);
});

test('serve - the same component without its defect passes', async () => {
  const { code, failed } = await tryVendor('vendor-component.mjs', rawToken, true);
  assert.deepEqual(failed, []);
  assert.equal(code, 0);
});

test('serve - a component of Tigase’s convention that sends calls to the wrong token is found out, in that alone', async () => {
  const { code, output } = await tryForeign('calls-to-first-token', ['--json']);
  assert.equal(code, 1);
  const { results, causes } = JSON.parse(output) as {
    results: Result[];
    causes: { text: string; scenarios: string[] }[];
  };
  assert.deepEqual(
    causes.map(({ text }) => text),
    ['its token is first, not second'],
  );
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  assert.deepEqual(
    failed.map(({ id }) => id),
    causes[0]?.scenarios,
  );
  assert.ok(failed.some(({ id }) => id === 'call-rings'));
  for (const { problems } of failed) {
    assert.equal(problems[0], 'the server publishes: call-offer: the push: its token is first, not second');
  }
});

test('serve - the same component without its defect passes, and what it does not announce is skipped', async () => {
  const { code, output } = await tryForeign('no-snikket', ['--json']);
  const { results, verdict } = JSON.parse(output) as { results: Result[]; verdict: string };
  assert.deepEqual(
    results.filter(({ outcome }) => outcome === 'failed'),
    [],
  );
  assert.deepEqual([code, verdict], [0, 'green']);
  const reasons = new Map(results.map(({ id, reason }) => [id, reason]));
  assert.equal(reasons.get('discover-snikket'), 'the component does not announce snikket:apns:1');
  assert.equal(reasons.get('apns-413-payload-too-large'), 'only Sealpost’s own design demands it (--strict)');
  assert.equal(reasons.get('p2'), 'belongs to the convention p2 (--convention p2)');
  assert.ok(results.filter(({ outcome }) => outcome === 'passed').length >= 40);
});

/** The verdict on a component that has nothing of ours in it, with one defect. */
async function tryForeign(defect: string, options: readonly string[] = []) {
  const settings = join(folder, `${defect}.json`);
  const address = ['--listen', '0', '--domain', 'push.vendor.example', '--secret', 's3cret'];
  const harness = startHarness(['serve', ...address, '--settings', settings, ...options]);
  const [, port = ''] = await harness.said(/listening for the component push\.vendor\.example on 127\.0\.0\.1:(\d+)/);
  const component = join(import.meta.dirname, '../harness/foreign/component.mjs');
  const vendor = startNode([component, `xmpp://127.0.0.1:${port}`, 'push.vendor.example', 's3cret', settings, defect]);
  const finished = await harness.finished;
  vendor.process.kill();
  await vendor.finished;
  return finished;
}

test('serve - a component that answers item-not-found to everything is red, with what to do', async () => {
  const { code, output } = await tryForeign('item-not-found-always');
  assert.equal(code, 1);
  assert.match(
    output,
    /✗ disco#info is answered cancel\/item-not-found: no client finds the service\n +To do: answer it/,
  );
  assert.match(output, /Red: /);
});

test('serve - a component with another provider id is red, and its id is named', async () => {
  const { code, output } = await tryForeign('other-id');
  assert.equal(code, 1);
  assert.match(output, /it\s+lists vendor:apns:7\n +To do: say by --apns-id or --fcm-id/);
});

test('serve - the id that was asked for is red when it is not announced', async () => {
  const { code, output } = await tryForeign('none', ['--apns-id', 'vendor:apns:8']);
  assert.equal(code, 1);
  assert.match(output, /disco#info does not list vendor:apns:8, which --apns-id names/);
});

test('serve - a run of a part says that it is no verdict on the rest', async () => {
  const { code, output } = await tryForeign('none', ['--only', 'sealed-message']);
  assert.equal(code, 0, output);
  assert.match(output, /Green: \d capabilities held of those that --only asked for; it says nothing of the rest/);
});

const wrongCalls: readonly [what: string, args: readonly string[], complaint: RegExp][] = [
  ['no port', ['--domain', 'a', '--secret', 'b'], /--listen takes a port/],
  ['a port that is none', ['--listen', '70000', '--domain', 'a', '--secret', 'b'], /--listen takes a port/],
  ['no domain', ['--listen', '0', '--secret', 'b'], /--domain is missing/],
  ['no secret', ['--listen', '0', '--domain', 'a'], /--secret is missing/],
  [
    'an unknown convention',
    ['--listen', '0', '--domain', 'a', '--secret', 'b', '--convention', 'x'],
    /no convention x/,
  ],
  ['an unknown option', ['--liste', '0'], /unknown option "--liste"; did you mean "--listen"\?/],
];
for (const [what, args, complaint] of wrongCalls) {
  test(`serve - ${what} is a wrong call, said with how to call`, async () => {
    const { code, errors } = await callHarness(['serve', ...args]);
    assert.equal(code, 2);
    assert.match(errors, complaint);
    assert.match(errors, /Usage: sealpost harness/);
  });
}

test('serve - a component that does not come is waited for as long as was said', async () => {
  const args = ['serve', '--listen', '0', '--domain', 'push.vendor.example', '--secret', 's', '--within', '0.2'];
  const { code, errors } = await callHarness(args);
  assert.equal(code, 1);
  assert.match(errors, /no component connected for push\.vendor\.example within 200 ms/);
});
