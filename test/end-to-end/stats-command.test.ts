import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stats } from '../../src/commands/stats.ts';
import { publishOf, startOperated } from '../support/operator.ts';

test('stats command - says how the server does, and what each app sent since the start', async (t) => {
  const { register, ask, run } = await startOperated(t);
  const node = await register({
    account: 'romeo@localhost',
    provider: 'tigase:messenger:apns:1',
    token: 'ab'.repeat(32),
  });
  await ask(publishOf('p1', node));
  await ask(publishOf('p2', 'never-a-node'));
  const { code, output } = await run(stats, []);
  assert.equal(code, 0);
  assert.match(output, /^All is well|^Somebody should look/);
  assert.match(output, /^app +registered +accepted +other results +mean time +queued$/m);
  assert.match(output, /^\S+ +\d+ +1 +none +\d+ ms +0$/m);
  assert.match(output, /^link push\.localhost: 1 up, never lost$/m);
  assert.match(output, /, once/);
  const { output: json } = await run(stats, ['--json']);
  assert.equal(typeof (JSON.parse(json) as { sentence: unknown }).sentence, 'string');
  assert.equal((await run(stats, ['now'])).code, 2);
});
