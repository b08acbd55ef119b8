import assert from 'node:assert/strict';
import { realpathSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';

function isOpenToAll(folder: string): boolean {
  const isOpen = (statSync(folder).mode & 0o001) !== 0;
  return isOpen && (folder === dirname(folder) || isOpenToAll(dirname(folder)));
}

const skip = isOpenToAll(realpathSync(tmpdir())) ? false : 'others cannot enter the folder for temporary files';

test(
  'exposure - a config and keys that everybody can read are named at the start, one line each',
  { skip },
  async () => {
    const providers = await startProviders();
    const inFolder = (name: string) => join(providers.folder, name);
    try {
      const config = {
        xmpp: [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: 's3cret' }],
        ...defaults(providers.folder),
        apps: providers.apps,
      };
      // Everybody may read its files, but nobody can reach them.
      const closed = await startSealpost(providers.folder, config);
      await closed.stop();
      assert.doesNotMatch(closed.lines.join('\n'), /other users/);

      await chmod(providers.folder, 0o755);
      for (const name of ['sealpost.yaml', 'AuthKey_ABC1234567.p8', 'service-account.json', 'ca.pem']) {
        await chmod(inFolder(name), 0o666);
      }
      const open = await startSealpost(providers.folder, config);
      await open.stop();
      const warnings = open.lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => String(msg).startsWith('other users'));
      const msg = 'other users can read and change a file with secrets';
      const hint = 'Give it to the user that Sealpost runs as and take it from all others: chmod 600 FILE.';
      assert.deepEqual(
        warnings.map(({ level, file, hint: advice, msg: message }) => ({ level, file, hint: advice, msg: message })),
        ['AuthKey_ABC1234567.p8', 'service-account.json', 'sealpost.yaml'].map((name) => {
          return { level: 40, file: inFolder(name), hint, msg };
        }),
      );
    } finally {
      await providers.stop();
    }
  },
);
