import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Authority, createAuthority, type Identity } from '../../../src/harness/stand-ins/certificates.ts';
import { readPushCertificate } from '../../../src/providers/apns/certificate.ts';
import { createApns } from '../../../src/providers/apns/client.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { apnsScene, secretOf } from '../fixtures.ts';

const notAfter = new Date('2031-05-06T07:08:09Z');

const pemOf = ({ certificate, key }: Identity) => Buffer.from(certificate + key);

/** PKCS#12 by OpenSSL, as operators make it. */
function pkcs12Of({ certificate, key }: Identity, ...options: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-p12-'));
  const inFolder = (name: string) => join(folder, name);
  writeFileSync(inFolder('cert.pem'), certificate);
  writeFileSync(inFolder('key.pem'), key);
  const files = ['-in', inFolder('cert.pem'), '-inkey', inFolder('key.pem'), '-out', inFolder('out.p12')];
  execFileSync('openssl', ['pkcs12', '-export', ...options, ...files, '-passout', 'pass:open sesame']);
  const file = readFileSync(inFolder('out.p12'));
  rmSync(folder, { recursive: true });
  return file;
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}

test('push certificate - PEM with certificate and key is read, with its expiry', async () => {
  const identity = await (await createAuthority()).issue(['push'], notAfter);
  const { expiresAtMs, identity: read } = readPushCertificate(pemOf(identity));
  assert.equal(expiresAtMs, notAfter.getTime());
  assert.equal(read.kind, 'pem');
});

test('push certificate - PKCS#12 is read with its passphrase and not without', { skip: !hasOpenssl() }, async () => {
  const file = pkcs12Of(await (await createAuthority()).issue(['push'], notAfter));
  assert.equal(readPushCertificate(file, secretOf('open sesame')).expiresAtMs, notAfter.getTime());
  assert.throws(
    () => readPushCertificate(file, secretOf('sesame')),
    /neither PEM nor a PKCS#12 file that this passphrase/,
  );
  assert.throws(() => readPushCertificate(file), /check file and passphrase/);
});

test(
  'push certificate - an old keychain export is refused with the command that converts it',
  { skip: !hasOpenssl() },
  async () => {
    const identity = await (await createAuthority()).issue(['push']);
    const file = pkcs12Of(identity, '-legacy', '-certpbe', 'PBE-SHA1-RC2-40');
    assert.throws(() => readPushCertificate(file, secretOf('open sesame')), /openssl pkcs12 -legacy/);
  },
);

test('push certificate - PEM without key, with another key, and no PEM at all are refused', async () => {
  const authority = await createAuthority();
  const [first, second] = [await authority.issue(['push']), await authority.issue(['push'])];
  for (const file of [Buffer.from(first.certificate), pemOf({ ...first, key: second.key })])
    assert.throws(() => readPushCertificate(file), /needs the certificate and its private key/);
  assert.throws(() => readPushCertificate(Buffer.from('garbage')), /neither PEM nor/);
});

test('push certificate - is used instead of a token; its expiry is a metric', async (t) => {
  const authority = await createAuthority();
  const identity = await authority.issue(['push'], notAfter);
  const credentials = { kind: 'certificate', file: pemOf(identity) } as const;
  const scene = await apnsScene(t, { app: { credentials }, standIn: { authority, keys: [] } });
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.equal(scene.standIn.received[0]?.headers['authorization'], undefined);
  const { values } = await scene.metrics.credentialExpiry.get();
  assert.deepEqual(values, [{ labels: { app: 'messenger', kind: 'certificate' }, value: notAfter.getTime() / 1000 }]);
});

test('push certificate - one of an unknown authority is misconfigured', async (t) => {
  const identity = await (await createAuthority()).issue(['push']);
  const credentials = { kind: 'certificate', file: pemOf(identity) } as const;
  const scene = await apnsScene(t, { app: { credentials } });
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'MissingProviderToken', scope: 'app' });
});

test('push certificate - PKCS#12 is used on the wire too', { skip: !hasOpenssl() }, async (t) => {
  const authority = await createAuthority();
  const file = pkcs12Of(await authority.issue(['push']));
  const credentials = { kind: 'certificate', file, passphrase: secretOf('open sesame') } as const;
  const scene = await apnsScene(t, { app: { credentials }, standIn: { authority, keys: [] } });
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
});

test('push certificate - one that cannot be used ends the start with the reason', async (t) => {
  const { app } = await apnsScene(t);
  const credentials = { kind: 'certificate', file: Buffer.from('garbage') } as const;
  const options = { clock: systemClock, random: Math.random, ...quietTelemetry() };
  assert.throws(() => createApns({ app: { ...app, credentials }, ...options }), /push certificate/);
});

/** A certificate in a file that the provider watches; `replaceBy` changes the file and has it looked at. */
async function filed(t: TestContext, authority: Authority, first: Identity) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-cert-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'messenger.pem');
  writeFileSync(path, pemOf(first));
  const credentials = { kind: 'certificate', file: pemOf(first), path } as const;
  const scene = await apnsScene(t, { app: { credentials }, standIn: { authority, keys: [] } });
  const replaceBy = async (content: Buffer) => {
    writeFileSync(path, content);
    await scene.provider.checkCredentials?.();
  };
  return { ...scene, replaceBy };
}

test('push certificate - an expired one is misconfigured, and the next one in its file is used on a new connection', async (t) => {
  const authority = await createAuthority();
  const scene = await filed(t, authority, await authority.issue(['push'], new Date(Date.now() - 86_400_000)));
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'expired-certificate', scope: 'app' });
  assert.match(scene.provider.concern?.reason ?? '', /has expired/);
  await scene.replaceBy(pemOf(await authority.issue(['push'], notAfter)));
  assert.equal(scene.provider.concern, undefined);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.equal(scene.standIn.connections, 2);
  const [expiry] = (await scene.metrics.credentialExpiry.get()).values;
  assert.equal(expiry?.value, notAfter.getTime() / 1000);
});

test('push certificate - pushes under way with the earlier one succeed on their own connection', async (t) => {
  const authority = await createAuthority();
  const scene = await filed(t, authority, await authority.issue(['push']));
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  const slow = 'cd'.repeat(32);
  scene.standIn.script(slow, { delayMs: 300 });
  const underway = scene.send(slow);
  await scene.replaceBy(pemOf(await authority.issue(['push'])));
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.deepEqual(await underway, { kind: 'accepted' });
  assert.equal(scene.standIn.connections, 2);
});

test('push certificate - an unusable file leaves the earlier one in use and is a concern', async (t) => {
  const authority = await createAuthority();
  const scene = await filed(t, authority, await authority.issue(['push']));
  await scene.replaceBy(Buffer.from('garbage'));
  assert.match(scene.provider.concern?.reason ?? '', /messenger\.pem cannot be used: .*; the earlier one stays in use/);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.equal(scene.standIn.connections, 1);
});

test('push certificate - an expired one replaces none', async (t) => {
  const authority = await createAuthority();
  const scene = await filed(t, authority, await authority.issue(['push'], notAfter));
  await scene.replaceBy(pemOf(await authority.issue(['push'], new Date(Date.now() - 86_400_000))));
  assert.match(scene.provider.concern?.reason ?? '', /has expired; the earlier one stays in use/);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
});

test('push certificate - less than 14 days before expiry there is a concern with the number of days', async (t) => {
  const authority = await createAuthority();
  const inDays = (days: number) => authority.issue(['push'], new Date(Date.now() + days * 86_400_000 + 60_000));
  const scene = await filed(t, authority, await inDays(13));
  for (const [days, words] of [
    [15, undefined],
    [13, 'in 13 days'],
    [1, 'in 1 day'],
    [0, 'in less than a day'],
  ] as const) {
    await scene.replaceBy(pemOf(await inDays(days)));
    assert.equal(scene.provider.concern?.reason, words && `the push certificate expires ${words}`);
  }
});

test('push certificate - an expired one that TLS refuses is misconfigured, not a broken connection', async (t) => {
  const authority = await createAuthority();
  const own = await authority.issue(['127.0.0.1']);
  const strict = createSecureServer({
    cert: own.certificate,
    key: own.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  strict.on('sessionError', () => {});
  strict.on('stream', (stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  await new Promise<void>((listening) => strict.listen(0, '127.0.0.1', listening));
  t.after(() => strict.close());
  const { port } = strict.address() as AddressInfo;
  const expired = pemOf(await authority.issue(['push'], new Date(Date.now() - 86_400_000)));
  const scene = await apnsScene(t, {
    app: {
      credentials: { kind: 'certificate', file: expired },
      endpoint: `https://127.0.0.1:${port}`,
      ca: authority.certificate,
    },
  });
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'expired-certificate', scope: 'app' });
});
