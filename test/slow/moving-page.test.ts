import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { p8, serviceAccount } from '../config/files.ts';
import { commandsOf, root } from '../deploy/page.ts';

// What the other servers have kept: one device each.
const hash = createHash('sha1').update('romeo@example.net\u000092afd7a91cdba9a0').digest('hex');
const p2 = `INSERT INTO \`target\` VALUES ('FCM','${hash}','','example.net','fcmInst:APA91b','eKxTS5n3bOe0','KK4+H5WM');\n`;
const ofProsody = `return {\n\t["type"] = "apns";\n\t["token"] = "${'ab'.repeat(32)}";\n\t["node"] = "device-1";\n\t["secret"] = "c0ffee";\n\t["renewed"] = 1526463999;\n};\n`;
const csv = `node,token,account,second_token\nnode-1,${'cd'.repeat(32)},juliet@example.net,${'ef'.repeat(32)}\n`;

test('docs - the commands of docs/moving.md take over what each server kept', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-moving-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string, mode = 0o600) => writeFileSync(join(folder, name), text, { mode });
  file('AuthKey_ABC1234567.p8', p8);
  file('service-account.json', JSON.stringify(serviceAccount));
  const config = {
    xmpp: [{ service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 's3cret' }],
    store: 'sqlite:sealpost.db',
    apps: {
      siskin: {
        provider: 'apns',
        ids: ['tigase:messenger:apns:1'],
        conventions: ['tigase', 'v1'],
        topic: 'org.example.messenger',
        key: { file: 'AuthKey_ABC1234567.p8', id: 'ABC1234567', team: 'TEAM123456' },
        unimportant: 'bare',
      },
      android: {
        provider: 'fcm',
        ids: ['conversations'],
        conventions: ['p2'],
        serviceAccount: { file: 'service-account.json' },
      },
    },
  };
  file('sealpost.yaml', stringify(config));
  file('devices.csv', csv);
  file('target.sql', p2);
  const data = join(folder, 'data');
  mkdirSync(join(data, 'push%2eexample%2ecom/push_appserver'), { recursive: true });
  writeFileSync(join(data, 'push%2eexample%2ecom/push_appserver/device%2d1.dat'), ofProsody);
  file('mariadb-dump', '#!/bin/sh\n[ "$*" = "p2 target" ] && cat target.sql\n', 0o755);
  file('sealpost', `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/sealpost.js')}' "$@"\n`, 0o755);

  const blocks = commandsOf('docs/moving.md');
  assert.equal(blocks.length, 1);
  const [block = ''] = blocks;
  const printed = execFileSync('bash', ['-e', '-c', block.replaceAll('/var/lib/prosody', data)], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const one = 'imported: 1\nalready present: 0\n';
  assert.equal(printed, `would be ${one}${one.repeat(3)}`);
});
