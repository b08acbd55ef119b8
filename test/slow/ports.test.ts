import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';

for (const key of ['ops', 'public'] as const) {
  test(`ports - one that another process has is said with the key http.${key} and the way out`, async (t) => {
    const providers = await startProviders();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(async () => {
      other.close();
      await providers.stop();
    });
    const { port } = other.address() as AddressInfo;
    const config = {
      xmpp: [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: 's3cret' }],
      ...defaults(providers.folder),
      apps: providers.apps,
      http: { ops: { port: 0 }, public: { port: 0 }, [key]: { port } },
    };
    await assert.rejects(startSealpost(providers.folder, config), ({ message }: Error) => {
      assert.match(message, /^ended with 1:/);
      const said =
        `sealpost: http.${key}: cannot listen on 127.0.0.1:${port}: another process has this port (EADDRINUSE)\n` +
        `    End that process (ss -ltnp 'sport = :${port}' shows it), or name another port under http.${key}.port.`;
      assert.ok(message.endsWith(said), message);
      return true;
    });
  });
}

test('ports - an address that this machine does not have is said with its key', async (t) => {
  const providers = await startProviders();
  t.after(() => providers.stop());
  const config = {
    xmpp: [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(providers.folder),
    apps: providers.apps,
    http: { ops: { port: 0 }, public: { host: '192.0.2.1', port: 8080 } },
  };
  await assert.rejects(
    startSealpost(providers.folder, config),
    /http\.public: cannot listen on 192\.0\.2\.1:8080: this machine does not have this address .*\n +Name an address/,
  );
});
