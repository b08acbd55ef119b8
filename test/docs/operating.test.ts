import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { devices } from '../../src/commands/devices.ts';
import { sendTest } from '../../src/commands/send-test.ts';
import { stats } from '../../src/commands/stats.ts';
import { trace } from '../../src/commands/trace.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { type OperatorCommand, publishOf, startOperated } from '../support/operator.ts';
import { eventually } from '../support/process.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');

/** Every line of the page's shell blocks, in their order. */
const lines = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'));

/** What the names on the page stand for here. */
const token = 'c0ffee00'.repeat(8);

test('docs - every command of docs/operating.md does what the page says, in its order', async (t) => {
  const { register, ask, run, written, sealpost } = await startOperated(t);
  const node = await register({ account: 'romeo@localhost', provider: 'tigase:messenger:apns:1', token });
  await ask(publishOf('p1', node));
  const here = (text: string) =>
    text.replaceAll('romeo@example.net', 'romeo@localhost').replaceAll('3b2c5f0a9d41', fingerprint(node));
  const commands: Readonly<Record<string, OperatorCommand>> = { devices, stats, trace, 'send-test': sendTest };
  const expected: readonly (readonly [string, number, RegExp])[] = [
    ['stats', 0, /registered +accepted/],
    ['devices show', 0, /=> The provider accepted the latest push/],
    [
      'trace',
      0,
      /received .*\n.*authorized .*\n.*routed .*\n.*answered .*\n.*outcome {5}sent; the server is answered result/,
    ],
    ['send-test', 0, /=> the provider accepted it/],
    ['send-test', 0, /=> the provider accepted it/],
    ['devices find', 0, /, registered\n/],
    ['devices find', 0, /, registered\n/],
    ['devices list', 0, /^$/],
    ['devices revoke', 0, /^Removed /],
    ['devices forget', 1, /^This would erase 0 registrations and 1 mark of a removed one\. Nothing was erased/],
    ['devices forget', 0, /^Erased 0 registrations and 1 mark of a removed one/],
  ];
  const ours = lines.filter((line) => line.startsWith('sealpost '));
  assert.equal(ours.length, expected.length);
  for (const [i, [begin, code, output]] of expected.entries()) {
    const line = ours[i] ?? '';
    assert.ok(`${line} `.startsWith(`sealpost ${begin} `), line);
    const [name = '', ...words] = here(line).split(' ').slice(1);
    const command = commands[name];
    assert.ok(command, name);
    const ended = new AbortController();
    const running = run(command, words, ended.signal);
    if (name === 'trace') {
      await eventually('the trace begins', () => written.some((text) => text.startsWith('Following')) || undefined);
      await ask(publishOf('p2', node));
      await eventually('the outcome', () => written.some((text) => text.includes('outcome')) || undefined);
      ended.abort();
    }
    const result = await running;
    assert.equal(result.code, code, `${line}: ${result.errors}`);
    assert.match(result.output, output, line);
  }
  // The rest of the page's commands: the document, as curl asks for it.
  const [curl, ...others] = lines.filter((line) => !line.startsWith('sealpost '));
  assert.deepEqual(others, []);
  const [, path = ''] =
    /^curl -H "Authorization: Bearer \$SEALPOST_ADMIN_TOKEN" http:\/\/127\.0\.0\.1:9090(\/\S+)$/.exec(curl ?? '') ?? [];
  const response = await fetch(`${sealpost.opsUrl}${path}`, { headers: { authorization: 'Bearer admin-token' } });
  assert.equal(((await response.json()) as { openapi: string }).openapi, '3.1.0');
});
