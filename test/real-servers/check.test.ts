import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { check } from '../../src/commands/check.ts';
import { systemClock } from '../../src/time/clock.ts';
import { missingPackage } from '../support/debian.ts';
import { eventually, freePort } from '../support/process.ts';
import { startProviders, startSealpost } from '../support/sealpost.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';

/** What Prosody says to a second connection of a domain; ejabberd takes it. */
const second = {
  prosody: 'warn  link:push.localhost: already connected: another process holds this domain',
  ejabberd: 'pass  link:push.localhost: ',
};

for (const [name, file, start] of [
  ['prosody', prosodyFile, () => startProsody({ seal: false })],
  ['ejabberd', ejabberdFile, () => startEjabberd()],
] as const) {
  test(
    `check - ${name}: before the first start, beside the running server, and from elsewhere`,
    {
      skip: missingPackage(name, file),
      timeout: 120_000,
    },
    async () => {
      const [providers, server] = await Promise.all([startProviders(), start()]);
      const elsewhere = await mkdtemp(join(tmpdir(), 'sealpost-check-'));
      const configIn = async (folder: string, secret = server.secret) => ({
        xmpp: [{ service: `xmpp://127.0.0.1:${server.componentPort}`, domain: server.component, secret }],
        http: { ops: { port: await freePort() }, public: { port: await freePort() } },
        store: `sqlite:${join(folder, 'sealpost.db')}`,
        apps: providers.apps,
      });
      const lineOf = async (folder: string, config: object) => {
        const configFile = join(folder, 'sealpost.yaml');
        writeFileSync(configFile, stringify(config));
        let text = '';
        const output = { write: (written: string) => (text += written) };
        await check({ args: ['--config', configFile], env: {}, output, clock: systemClock, random: Math.random });
        return text.split('\n').find((line) => line.includes('link:')) ?? text;
      };
      try {
        const config = await configIn(providers.folder);
        assert.match(await lineOf(providers.folder, config), /^pass {2}link:.* accepts the component$/);
        assert.match(
          await lineOf(elsewhere, await configIn(elsewhere, 'wr0ng')),
          /^fail {2}link:.*: no component link: not-authorized$/,
        );
        const sealpost = await startSealpost(providers.folder, config);
        try {
          const metrics = async () => (await fetch(`${sealpost.opsUrl}/metrics`)).text();
          const isUp = async () => /^sealpost_link_up\{link="push.localhost"\} 1$/m.test(await metrics()) || undefined;
          await eventually('the link is up', isUp, 15_000);
          assert.match(await lineOf(providers.folder, config), /: already connected: the running server holds it$/);
          const line = await lineOf(elsewhere, await configIn(elsewhere));
          assert.ok(line.startsWith(second[name]), line);
          assert.equal(await isUp(), true);
          assert.doesNotMatch(await metrics(), /^sealpost_link_reconnects_total\{.*\} [1-9]/m);
        } finally {
          await sealpost.stop();
        }
      } finally {
        await server.stop();
        await providers.stop();
        await rm(elsewhere, { recursive: true });
      }
    },
  );
}
