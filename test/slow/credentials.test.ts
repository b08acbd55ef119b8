import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createApnsKey, createServiceAccount, type Identity } from '../../src/harness/stand-ins/certificates.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { eventually } from '../support/process.ts';
import { defaults, type Sealpost, startSealpost, startWorld, type World } from '../support/sealpost.ts';

// Changes of keys, certificates and accounts while the server runs. Each time servers keep publishing, have to be told
// to keep their registrations, and must find everything working once the file is right, in the same process.

const later = 'wait/internal-server-error';
const pemOf = ({ certificate, key }: Identity) => certificate + key;
const yesterday = () => new Date(Date.now() - 86_400_000);

/** More than the failures in a row that open the circuit. */
const insistent = 15;

type AppName = 'siskin' | 'android' | 'veteran';

interface Site {
  readonly world: World;
  readonly sealpost: Sealpost;
  /** Publishes to the app's registration; resolves with the answer as a word. */
  publish(app: AppName): Promise<string>;
  /** Publishes often, and requires every answer to be `wait` with `internal-server-error`. */
  refuse(app: AppName): Promise<void>;
  /** Replaces a file as secret stores do, and has it checked. */
  replace(name: string, content: string): Promise<void>;
  /** Resolves when the next push of the app may be a probe. */
  whenProbed(app: AppName): Promise<unknown>;
  /** Resolves when this many contents of files have been put into use. */
  whenReplaced(times: number): Promise<unknown>;
  /** The check of the app in `/readyz`. */
  health(app: AppName): Promise<{ status: string; reason?: string; hint?: string }>;
  /** Lines at level `error` about the app. */
  loud(app: AppName): readonly { readonly reason: string; readonly hint: string }[];
}

/** @param certificate of the app `veteran`, made by the stand-in's authority */
async function start(
  t: TestContext,
  { checkInterval = '1d', notAfter }: { checkInterval?: string; notAfter?: Date } = {},
): Promise<Site> {
  const world = await startWorld();
  t.after(() => world.stop());
  await world.sealpost.stop();
  const { folder, apns, acceptor } = world;
  await writeFile(join(folder, 'veteran.pem'), pemOf(await apns.authority.issue(['push'], notAfter)));
  const { key: _, ...rest } = world.apps.siskin as Record<string, unknown>;
  const veteran = { ...rest, ids: ['veteran'], cert: { file: join(folder, 'veteran.pem') } };
  const sealpost = await startSealpost(folder, {
    xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(folder),
    credentials: { checkInterval },
    apps: { ...world.apps, veteran },
  });
  t.after(() => sealpost.stop());
  await acceptor.whenConnected('push.localhost', 10_000);

  const ids = { siskin: 'tigase:messenger:apns:1', android: 'fcm-xmpp-api', veteran: 'veteran' };
  const nodes = new Map<AppName, string>();
  let publishes = 0;
  const read = () => sealpost.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  const site: Site = {
    world,
    sealpost,
    async publish(app) {
      const account = `${app}@localhost`;
      const token = app === 'android' ? 'android:APA91bToken' : 'ab'.repeat(32);
      const node = nodes.get(app) ?? (await world.register({ account, provider: ids[app], token }));
      nodes.set(app, node);
      publishes += 1;
      const answer = await world.ask(
        `<iq type='set' from='localhost' to='push.localhost' id='publish-${publishes}'>` +
          `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
          `<notification xmlns='urn:xmpp:push:0'><priority xmlns='tigase:push:priority:0'>high</priority></notification>` +
          `</item></publish></pubsub></iq>`,
      );
      return answerWord(answer);
    },
    async refuse(app) {
      for (let i = 0; i < insistent; i += 1) assert.equal(await site.publish(app), later);
    },
    async replace(name, content) {
      await writeFile(join(folder, `${name}.new`), content);
      await rename(join(folder, `${name}.new`), join(folder, name));
      const looks = () => read().filter(({ msg }) => msg === 'credentials checked').length;
      const before = looks();
      sealpost.process.kill('SIGHUP');
      await eventually('a look at the credentials', () => (looks() > before ? true : undefined));
    },
    whenProbed: (app) =>
      eventually(
        'the time of a probe',
        async () => /next probe in 0 s/.exec((await site.health(app)).reason ?? '') ?? undefined,
      ),
    whenReplaced: (times) =>
      eventually('new credentials', () =>
        read().filter(({ msg }) => msg === 'new credentials are in use').length === times ? true : undefined,
      ),
    async health(app) {
      const response = await fetch(`${sealpost.opsUrl}/readyz`);
      // A provider's refusal takes no instance out of service, since registering works and another instance would fail
      // too.
      assert.equal(response.status, 200);
      const { checks } = (await response.json()) as { checks: Record<string, { status: string }> };
      return checks[`app:${app}`] ?? { status: 'missing' };
    },
    loud: (app) => read().filter((line) => line.level >= 50 && line.app === app),
  };
  return site;
}

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly app?: string;
  readonly reason: string;
  readonly hint: string;
}

/** The fault is logged once, as an error, and `/readyz` names the app and the remedy. */
async function assertTold(site: Site, app: AppName, reason: string, hint: RegExp): Promise<void> {
  // The answer to a publish can overtake the line that was logged before it.
  await eventually('the fault is logged', () => (site.loud(app).length > 0 ? true : undefined));
  const told = site.loud(app);
  assert.deepEqual(
    told.map((line) => line.reason),
    [reason],
  );
  assert.match(told[0]?.hint ?? '', hint);
  const health = await site.health(app);
  assert.equal(health.status, 'warn');
  assert.match(health.reason ?? '', new RegExp(`the provider refuses us: ${reason}`));
  assert.match(health.hint ?? '', hint);
  assert.match(health.hint ?? '', /no registration is lost meanwhile/);
}

/** The registration is still there, and pushes are sent in the process that was started first. */
async function assertWell(site: Site, app: AppName): Promise<void> {
  assert.equal(await site.publish(app), 'result');
  assert.deepEqual(await site.health(app), { status: 'pass' });
  assert.equal(site.sealpost.process.exitCode, null);
}

test('credentials - a wrong .p8 key, and the right one again', async (t) => {
  const site = await start(t);
  await assertWell(site, 'siskin');
  const right = await readFile(join(site.world.folder, 'AuthKey_ABC1234567.p8'), 'utf8');
  await site.replace('AuthKey_ABC1234567.p8', (await createApnsKey()).privateKey);
  await site.refuse('siskin');
  await assertTold(
    site,
    'siskin',
    'InvalidProviderToken',
    /put the \.p8 file of the key with this id in its place \(no restart is needed\)/,
  );
  // The other apps keep working.
  await assertWell(site, 'veteran');
  await assertWell(site, 'android');

  await site.replace('AuthKey_ABC1234567.p8', right);
  await assertWell(site, 'siskin');
});

test('credentials - a broken .p8 key changes only the log and readiness', async (t) => {
  const site = await start(t);
  await assertWell(site, 'siskin');
  const right = await readFile(join(site.world.folder, 'AuthKey_ABC1234567.p8'), 'utf8');
  for (let look = 0; look < 3; look += 1) await site.replace('AuthKey_ABC1234567.p8', right.slice(0, 90));
  assert.equal(await site.publish('siskin'), 'result');
  const { status, reason, hint } = await site.health('siskin');
  assert.equal(status, 'warn');
  assert.match(
    reason ?? '',
    /AuthKey_ABC1234567\.p8 contains no key that can sign for APNs .* earlier one stays in use/,
  );
  assert.match(hint ?? '', /put the \.p8 file of the key with this id in its place/);
  const said = site.sealpost.lines.filter((line) => line.includes('new credentials cannot be used'));
  assert.equal(said.length, 1);
  await site.replace('AuthKey_ABC1234567.p8', right);
  await assertWell(site, 'siskin');
});

test('credentials - a topic that the key may not push to, until Apple allows it', async (t) => {
  for (const reason of ['TopicDisallowed', 'BadTopic']) {
    const site = await start(t);
    await assertWell(site, 'siskin');
    site.world.apns.script('*', { status: 400, reason });
    await site.refuse('siskin');
    await assertTold(site, 'siskin', reason, /topic must be the bundle id of the app/);
    site.world.apns.script('*', undefined);
    // Only the next probe shows that the fault is corrected.
    await site.whenProbed('siskin');
    await assertWell(site, 'siskin');
  }
});

test('credentials - a service account of another project, and the right one again', async (t) => {
  const site = await start(t);
  await assertWell(site, 'android');
  const right = await readFile(join(site.world.folder, 'service-account.json'), 'utf8');
  await site.replace('service-account.json', right.replace('"project_id":"sealpost-test"', '"project_id":"another"'));
  await site.refuse('android');
  await assertTold(site, 'android', 'PERMISSION_DENIED', /belongs to the project that the Android app is built with/);
  await site.replace('service-account.json', right);
  await assertWell(site, 'android');
});

test('credentials - a project that Google does not know', async (t) => {
  const site = await start(t);
  await assertWell(site, 'android');
  const body = '{"error":{"code":404,"status":"NOT_FOUND","message":"Requested entity was not found."}}';
  site.world.fcm.script('*', { status: 404, body });
  await site.refuse('android');
  await assertTold(site, 'android', 'NOT_FOUND', /belongs to the project that the Android app is built with/);
  site.world.fcm.script('*', undefined);
  await site.whenProbed('android');
  await assertWell(site, 'android');
});

test('credentials - a service account that was revoked, then one that Google never knew, then a right one', async (t) => {
  const site = await start(t);
  await assertWell(site, 'android');
  const right = await readFile(join(site.world.folder, 'service-account.json'), 'utf8');
  site.world.fcm.scriptTokens({ status: 400, error: 'invalid_grant' });
  site.world.fcm.revokeTokens();
  await site.refuse('android');
  await assertTold(site, 'android', 'oauth-refused', /Google does not accept the service account/);

  site.world.fcm.scriptTokens(undefined);
  await site.replace('service-account.json', (await createServiceAccount('sealpost-test')).json);
  await site.refuse('android');
  // It is still the same minute.
  await assertTold(site, 'android', 'oauth-refused', /put a new key file in its place, no restart is needed/);
  await site.replace('service-account.json', right);
  await assertWell(site, 'android');
});

test('credentials - a certificate that has expired, and the next one in its place', async (t) => {
  const site = await start(t, { notAfter: yesterday() });
  const { authority } = site.world.apns;
  assert.match((await site.health('veteran')).reason ?? '', /^the push certificate has expired$/);
  await site.refuse('veteran');
  await assertTold(site, 'veteran', 'expired-certificate', /make a new certificate at developer\.apple\.com/);
  await site.replace('veteran.pem', pemOf(await authority.issue(['push'], yesterday())));
  assert.match((await site.health('veteran')).reason ?? '', /veteran\.pem contains a certificate that has expired/);
  await site.replace('veteran.pem', pemOf(await authority.issue(['push'])));
  await assertWell(site, 'veteran');
});

test('credentials - a certificate that expires while it is in use, and the next one in its place', async (t) => {
  const site = await start(t);
  const { authority } = site.world.apns;
  // If it expired before it was used, on a busy machine, the next one lives twice as long.
  let end = new Date(0);
  for (let lifeMs = 5_000, replaced = 1; Date.now() > end.getTime(); lifeMs *= 2, replaced += 1) {
    end = new Date(Date.now() + lifeMs);
    await site.replace('veteran.pem', pemOf(await authority.issue(['push'], end)));
    await site.whenReplaced(replaced);
    const answer = await site.publish('veteran');
    if (Date.now() <= end.getTime()) assert.equal(answer, 'result');
  }
  await eventually('its end', () => Date.now() > end.getTime() + 1_000 || undefined, 120_000);
  // Apple closes the connections; each new one shows the certificate again.
  site.world.apns.dropConnections();
  await site.refuse('veteran');
  await assertTold(site, 'veteran', 'expired-certificate', /make a new certificate at developer\.apple\.com/);
  await site.replace('veteran.pem', pemOf(await authority.issue(['push'])));
  await assertWell(site, 'veteran');
});

test('credentials - a certificate that Apple revoked, and the next one in its place', async (t) => {
  const site = await start(t);
  await assertWell(site, 'veteran');
  site.world.apns.script('*', { status: 403, reason: 'BadCertificate' });
  await site.refuse('veteran');
  await assertTold(site, 'veteran', 'BadCertificate', /make a new certificate at developer\.apple\.com/);
  site.world.apns.script('*', undefined);
  const next = new Date(Date.now() + 100 * 86_400_000);
  await site.replace('veteran.pem', pemOf(await site.world.apns.authority.issue(['push'], next)));
  await assertWell(site, 'veteran');
  const metrics = await (await fetch(`${site.sealpost.opsUrl}/metrics`)).text();
  const expiry = /sealpost_credential_expiry_timestamp_seconds\{app="veteran",kind="certificate"\} (\d+)/.exec(metrics);
  assert.equal(Number(expiry?.[1]), Math.floor(next.getTime() / 1000));
  assert.match(metrics, /sealpost_credential_reloads_total\{app="veteran",result="replaced"\} 1/);
});

test('credentials - without a signal the file is checked at intervals', async (t) => {
  const site = await start(t, { checkInterval: '1s' });
  await assertWell(site, 'siskin');
  const path = join(site.world.folder, 'AuthKey_ABC1234567.p8');
  const right = await readFile(path, 'utf8');
  await writeFile(path, (await createApnsKey()).privateKey);
  await site.whenReplaced(1);
  assert.equal(await site.publish('siskin'), later);
  await writeFile(path, right);
  await site.whenReplaced(2);
  await assertWell(site, 'siskin');
});

test('credentials - apps with the same key send with one token, whatever their topics', async (t) => {
  const site = await start(t);
  const world = site.world;
  await site.sealpost.stop();
  const sealpost = await startSealpost(world.folder, {
    xmpp: [{ service: world.acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(world.folder),
    apps: { ...world.apps, twin: { ...world.apps.siskin, ids: ['twin'], environment: 'auto' } },
  });
  t.after(() => sealpost.stop());
  await world.acceptor.whenConnected('push.localhost', 10_000);
  for (const [i, provider] of ['tigase:messenger:apns:1', 'twin'].entries()) {
    const node = await world.register({ account: `user${i}@localhost`, provider, token: `${i}b`.repeat(32) });
    const answer = await world.ask(
      `<iq type='set' from='localhost' to='push.localhost' id='twin-${i}'>` +
        `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
        `<notification xmlns='urn:xmpp:push:0'/></item></publish></pubsub></iq>`,
    );
    assert.equal(answerWord(answer), 'result');
  }
  const authorizations = world.apns.received.map(({ headers }) => headers['authorization']);
  assert.equal(authorizations.length, 2);
  assert.equal(new Set(authorizations).size, 1);
});
