import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApnsStandIn } from '../../../src/harness/stand-ins/apns.ts';
import { createFcmStandIn } from '../../../src/harness/stand-ins/fcm.ts';
import { testFault } from './places.ts';

const deviceToken = 'ab'.repeat(32);

testFault({
  name: 'APNs key revoked',
  // APNs goes on where it was, and knows the key no more.
  async make(site, _minute, t) {
    const node = await site.register('siskin', deviceToken);
    await site.publish([node]);
    await site.apns.close();
    const { authority, origin } = site.apns;
    const apns = await createApnsStandIn({
      ...{ authority, topics: ['org.example.messenger'], keys: [], port: Number(new URL(origin).port) },
    });
    t.after(() => apns.close());
    for (let i = 0; i < 5; i += 1) await site.publish([node]);
  },
  log: {
    msg: 'the provider refuses us: the configuration is wrong',
    reason: 'InvalidProviderToken',
    hint: 'as when it was revoked: put the .p8 file of the key with this id in its place',
  },
  part: 'app:siskin',
  reason: 'the provider refuses us: InvalidProviderToken',
  hint: 'as when it was revoked: put the .p8 file of the key with this id in its place',
  alert: {
    rule: 'SealpostMisconfigured',
    says: 'A key, certificate, topic or project of siskin is wrong',
    runbook: 'A new key, certificate or service account is read while Sealpost runs',
  },
  check: {
    line: 'fail app:siskin: APNs refuses us: InvalidProviderToken',
    hint: 'as when it was revoked: put the .p8 file of the key with this id in its place',
  },
});

testFault({
  name: 'wrong topic',
  config: ({ apps }) => ({ apps: { ...apps, siskin: { ...apps.siskin, topic: 'org.example.another' } } }),
  async make(site) {
    const node = await site.register('siskin', deviceToken);
    await site.publish([node]);
  },
  log: {
    msg: 'the provider refuses us: the configuration is wrong',
    reason: 'TopicDisallowed',
    hint: 'topic is not that of the app which registered: topic must be the bundle id of the app',
  },
  part: 'app:siskin',
  reason: 'the provider refuses us: TopicDisallowed',
  hint: 'topic is not that of the app which registered: topic must be the bundle id of the app',
  alert: {
    rule: 'SealpostMisconfigured',
    says: 'A key, certificate, topic or project of siskin is wrong',
    runbook: 'after a change of topic or environment in the config reload it (`kill -HUP`)',
  },
  check: {
    line: 'fail app:siskin: APNs refuses us: TopicDisallowed',
    hint: 'topic must be the bundle id of the app',
  },
});

testFault({
  name: 'certificate expired',
  config: ({ apps }, _at, [file]) => {
    const { key: _, ...rest } = apps.siskin as Record<string, unknown>;
    return { apps: { ...apps, siskin: { ...rest, cert: { file } } } };
  },
  async before(_at, _t, { apns, file }) {
    const { certificate, key } = await apns.authority.issue(['push'], new Date(Date.now() - 86_400_000));
    return [await file('push.pem', certificate + key)];
  },
  async make(site) {
    const node = await site.register('siskin', deviceToken);
    for (let i = 0; i < 5; i += 1) await site.publish([node]);
  },
  log: { msg: 'the push certificate has expired', hint: 'make a new certificate at developer.apple.com' },
  part: 'app:siskin',
  reason: 'the push certificate has expired',
  hint: 'make a new certificate at developer.apple.com and put it, with its key, in place of the file',
  alert: {
    rule: 'SealpostCredentialExpiresSoon',
    says: 'The certificate of siskin expires within a week or has expired',
    runbook: 'As for [SealpostCredentialExpires](#sealpostcredentialexpires), today',
    firesBefore: true,
  },
  check: {
    line: 'fail app:siskin: the push certificate has expired',
    hint: 'make a new certificate at developer.apple.com',
  },
});

testFault({
  name: 'FCM project deleted',
  // Google goes on where it was, and has the project no more.
  async make(site, _minute, t) {
    const node = await site.register('android', 'android:APA91bTokenOfADevice');
    await site.publish([node]);
    await site.fcm.close();
    const { authority, origin } = site.fcm;
    const { client_email: clientEmail, private_key: key } = JSON.parse(
      await readFile(join(site.folder, 'service-account.json'), 'utf8'),
    ) as { client_email: string; private_key: string };
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    const account = { projectId: 'another-project', clientEmail, publicKey };
    const fcm = await createFcmStandIn({ authority, account, port: Number(new URL(origin).port) });
    t.after(() => fcm.close());
    for (let i = 0; i < 5; i += 1) await site.publish([node]);
  },
  log: {
    msg: 'the provider refuses us: the configuration is wrong',
    reason: 'PERMISSION_DENIED',
    hint: 'the project was deleted',
  },
  part: 'app:android',
  reason: 'the provider refuses us: PERMISSION_DENIED',
  hint: 'the project was deleted, or is closed to the service account: restore it in the Google Cloud console',
  alert: {
    rule: 'SealpostMisconfigured',
    says: 'A key, certificate, topic or project of android is wrong',
    runbook: 'A project that was deleted can be restored in the Google Cloud console within 30 days',
  },
  check: {
    line: 'fail app:android: FCM refuses us: PERMISSION_DENIED',
    hint: 'restore it in the Google Cloud console',
  },
});
