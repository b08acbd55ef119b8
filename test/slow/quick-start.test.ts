import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveCommands } from '../deploy/debian-machine.ts';
import { withoutDebian } from '../deploy/debian-root.ts';
import { commandsOf } from '../deploy/page.ts';

const skip = await withoutDebian({ installs: true });

test(
  'quick start - given as printed on a bare Debian 13, the commands lead to a sealed push that its key opens',
  { skip },
  async () => {
    const [install = '', ...blocks] = commandsOf('docs/quick-start.md');
    const outputs = await giveCommands({ install, blocks });
    const [version, , , check = '', ready, phone, push = '', opened = ''] = outputs;
    assert.match(version ?? '', /^(?:sealpost )?\d+\.\d+\.\d+/);
    assert.match(check, /pass  link:push\.localhost: .* accepts the component\n/);
    assert.match(check, /pass  app:siskin: APNs accepts credentials and settings\n/);
    assert.match(check, /, 0 fail\n/);
    assert.match(ready ?? '', /"status":"pass"|"status":"warn"/);
    assert.match(phone ?? '', /Juliet has written to him\.\n$/);
    const { body } = JSON.parse(push) as { body: Record<string, unknown> };
    assert.deepEqual(Object.keys(body).toSorted(), ['account', 'aps', 'encrypted', 'iv']);
    assert.ok(!push.includes('Wherefore'));
    assert.deepEqual(JSON.parse(opened), {
      unread: 1,
      sender: 'juliet@localhost',
      type: 'chat',
      message: 'Wherefore art thou?',
    });
  },
);
