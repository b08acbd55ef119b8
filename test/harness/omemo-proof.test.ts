/**
 * The OMEMO variant with a real double ratchet, through the real server and both providers: the push alone must be enough
 * for the device. `docs/omemo-push-findings.md` draws on what is shown here.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { type Client, createClient } from '../../src/harness/clients/client.ts';
import { sealingAndroid, siskin } from '../../src/harness/clients/models.ts';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { receivePush } from '../../src/harness/clients/device.ts';
import {
  openOmemoPayload,
  type OmemoForm,
  readOmemoOfPayload,
  sealOmemoPayload,
  writeOmemoMessage,
} from '../../src/harness/sealing/omemo-message.ts';
import { reference } from '../../src/harness/server/server-flavours.ts';
import { type Account, createXmppServer, type XmppServer } from '../../src/harness/server/xmpp-server.ts';
import { startWorld, type World } from '../support/sealpost.ts';
import { createOmemoDevice, type OmemoDevice } from './omemo-device.ts';

const component = 'push.localhost';
const juliet = 'juliet@capulet.example';
const fallback = 'I sent you an OMEMO encrypted message but your client doesn’t seem to support that.';
const forms: readonly OmemoForm[] = ['axolotl', 'omemo:2'];
const providers = ['apns', 'fcm'] as const;

let world: World;
let host: XmppServer;
let accounts = 0;

before(async () => {
  world = await startWorld();
  host = createXmppServer({
    acceptor: world.acceptor,
    domain: 'montague.example',
    flavour: reference,
    clock: systemClock,
    randomBytes,
  });
});
after(() => world.stop());

/** A phone that has registered and enabled push with its OMEMO device id. */
interface Phone {
  readonly account: Account;
  readonly client: Client;
  readonly omemo: OmemoDevice;
  readonly token: string;
  readonly provider: (typeof providers)[number];
}

async function addPhone(account: Account, provider: Phone['provider'], omemoDevice: number): Promise<Phone> {
  const token = randomBytes(32).toString('hex');
  const model = provider === 'apns' ? siskin : sealingAndroid;
  const client = createClient({ model, account, component, tokens: { token }, randomBytes, omemoDevice });
  assert.equal((await client.register()).kind, 'registered');
  assert.equal(client.enable().kind, 'result');
  return { account, client, omemo: await createOmemoDevice(account.jid, omemoDevice), token, provider };
}

function newAccount(): Account {
  accounts += 1;
  return host.account(`romeo${accounts}`);
}

/** Writes a message of one device for others, as a client does. */
async function write(form: OmemoForm, text: string, from: OmemoDevice, to: readonly OmemoDevice[]): Promise<string> {
  const { keyMaterial, iv, data } = sealOmemoPayload(form, text, randomBytes);
  const keys = [];
  for (const device of to) keys.push({ jid: device.jid, rid: device.id, ...(await from.encrypt(keyMaterial, device)) });
  return writeOmemoMessage(form, { sid: from.id, keys, ...(iv === undefined ? {} : { iv }), data });
}

/** Lets the server publish a message and resolves with what each phone's provider got for it. */
async function deliver(account: Account, phones: readonly Phone[], omemo: string): Promise<ReceivedPush[]> {
  const seen = new Set([...world.apns.received, ...world.fcm.received]);
  const reports = await account.notify({ kind: 'message', from: `${juliet}/balcony`, body: fallback, omemo });
  for (const { answer } of reports) assert.equal(answer.kind, 'result');
  return Promise.all(
    phones.map(({ provider, token }) =>
      world[provider].waitFor((push) => push.token === token && !seen.has(push), 5_000),
    ),
  );
}

/** What the device has: the push, and the key that it gave its server. */
function openPush(phone: Phone, push: ReceivedPush): string {
  const keys = new Map([[phone.account.jid, phone.client.key ?? new Uint8Array()]]);
  const { opened } = receivePush(push, { reads: 'reference', keys });
  assert.ok(opened !== undefined);
  return opened;
}

async function readOnDevice(phone: Phone, push: ReceivedPush) {
  const omemo = readOmemoOfPayload(openPush(phone, push));
  return omemo && phone.omemo.open(omemo, juliet);
}

for (const form of forms) {
  for (const provider of providers) {
    test(`omemo proof - ${form} over ${provider}: the push alone is enough, from the first message on`, async () => {
      const phone = await addPhone(newAccount(), provider, 1325);
      const laptop = await createOmemoDevice(juliet, 27183);
      await laptop.meet(phone.omemo);
      for (const text of ['first, starts the session', 'second, before any reply']) {
        const [push] = await deliver(phone.account, [phone], await write(form, text, laptop, [phone.omemo]));
        assert.ok(push);
        assert.deepEqual(await readOnDevice(phone, push), { text, reading: 'pre-key', key: 0 });
      }
      const reply = await phone.omemo.encrypt(Buffer.from('reply'), laptop);
      await laptop.decrypt(reply.data, 'message', phone.omemo);
      const text = 'third, in the session 🌹';
      const [push] = await deliver(phone.account, [phone], await write(form, text, laptop, [phone.omemo]));
      assert.ok(push);
      assert.deepEqual(await readOnDevice(phone, push), { text, reading: 'message', key: 0 });
    });
  }

  test(`omemo proof - ${form}: of several devices each gets its own key, and no other’s`, async () => {
    const account = newAccount();
    const phones = [
      await addPhone(account, 'apns', 1),
      await addPhone(account, 'apns', 2),
      await addPhone(account, 'fcm', 3),
    ];
    const laptop = await createOmemoDevice(juliet, 27183);
    for (const { omemo } of phones) await laptop.meet(omemo);
    const message = await write(
      form,
      'for all of you',
      laptop,
      phones.map(({ omemo }) => omemo),
    );
    const pushes = await deliver(account, phones, message);
    const objects = phones.map((phone, index) => {
      const push = pushes[index];
      assert.ok(push);
      return readOmemoOfPayload(openPush(phone, push));
    });
    for (const [index, phone] of phones.entries()) {
      for (const [other, omemo] of objects.entries()) {
        assert.equal(omemo?.keys.length, 1);
        const opened = omemo && (await phone.omemo.open(omemo, juliet));
        assert.equal(
          opened?.text,
          index === other ? 'for all of you' : undefined,
          `${index} reads the push of ${other}`,
        );
      }
    }
  });

  test(`omemo proof - ${form}: a message that is not for this device brings the body alone`, async () => {
    const phone = await addPhone(newAccount(), 'apns', 1325);
    const laptop = await createOmemoDevice(juliet, 27183);
    const tablet = await createOmemoDevice(phone.account.jid, 1326);
    await laptop.meet(tablet);
    const [push] = await deliver(phone.account, [phone], await write(form, 'for the tablet', laptop, [tablet]));
    assert.ok(push);
    assert.deepEqual(JSON.parse(openPush(phone, push)), { unread: 1, sender: juliet, type: 'chat', message: fallback });
  });

  test(`omemo proof - ${form}: pushes may overtake each other`, async () => {
    const phone = await addPhone(newAccount(), 'apns', 1325);
    const laptop = await createOmemoDevice(juliet, 27183);
    await laptop.meet(phone.omemo);
    const texts = ['one', 'two', 'three', 'four'];
    const pushes: ReceivedPush[] = [];
    for (const text of texts) {
      pushes.push(...(await deliver(phone.account, [phone], await write(form, text, laptop, [phone.omemo]))));
    }
    for (const index of [3, 0, 2, 1]) {
      const push = pushes[index];
      assert.ok(push);
      assert.equal((await readOnDevice(phone, push))?.text, texts[index]);
    }
  });

  test(`omemo proof - ${form}: a repeated push opens once, costs nothing, and its message does not open from the stream`, async () => {
    const phone = await addPhone(newAccount(), 'fcm', 1325);
    const laptop = await createOmemoDevice(juliet, 27183);
    await laptop.meet(phone.omemo);
    const xml = await write(form, 'once', laptop, [phone.omemo]);
    const [push] = await deliver(phone.account, [phone], xml);
    assert.ok(push);
    assert.equal((await readOnDevice(phone, push))?.text, 'once');
    const state = phone.omemo.snapshot();
    assert.equal(await readOnDevice(phone, push), undefined);
    assert.equal(phone.omemo.snapshot(), state);
    // The very message, fetched over XMPP afterwards: the ratchet has moved on.
    const key = /<key [^>]*>([^<]+)</.exec(xml)?.[1] ?? '';
    for (const reading of ['message', 'pre-key'] as const) {
      await assert.rejects(phone.omemo.decrypt(key, reading, laptop));
    }
    const [next] = await deliver(phone.account, [phone], await write(form, 'twice', laptop, [phone.omemo]));
    assert.ok(next);
    assert.equal((await readOnDevice(phone, next))?.text, 'twice');
  });

  test(`omemo proof - ${form}: data that does not fit is left out whole, and the session survives`, async () => {
    const phone = await addPhone(newAccount(), 'apns', 1325);
    const laptop = await createOmemoDevice(juliet, 27183);
    await laptop.meet(phone.omemo);
    const long = await write(form, 'x'.repeat(4_000), laptop, [phone.omemo]);
    const [push] = await deliver(phone.account, [phone], long);
    assert.ok(push);
    assert.deepEqual(JSON.parse(openPush(phone, push)), { unread: 1, sender: juliet, type: 'chat', message: fallback });
    const [next] = await deliver(phone.account, [phone], await write(form, 'short', laptop, [phone.omemo]));
    assert.ok(next);
    assert.equal((await readOnDevice(phone, next))?.text, 'short');
    // The long one, from the stream.
    const key = /<key [^>]*>([^<]+)</.exec(long)?.[1] ?? '';
    const keyMaterial = await phone.omemo.decrypt(key, 'pre-key', laptop);
    const data = /<payload>([^<]+)</.exec(long)?.[1] ?? '';
    const iv = /<iv>([^<]+)</.exec(long)?.[1];
    assert.equal(openOmemoPayload({ data, ...(iv === undefined ? {} : { iv }) }, keyMaterial)?.length, 4_000);
  });

  test(`omemo proof - ${form}: keys without a payload arrive, and move the session on`, async () => {
    const phone = await addPhone(newAccount(), 'apns', 1325);
    const laptop = await createOmemoDevice(juliet, 27183);
    await laptop.meet(phone.omemo);
    const { data } = await laptop.encrypt(randomBytes(32), phone.omemo);
    const keys = [{ jid: phone.account.jid, rid: 1325, startsSession: true, data }];
    const xml = writeOmemoMessage(form, { sid: 27183, keys, iv: Buffer.alloc(12).toString('base64') });
    const [push] = await deliver(phone.account, [phone], xml);
    assert.ok(push);
    const omemo = readOmemoOfPayload(openPush(phone, push));
    assert.deepEqual([omemo?.keys, omemo?.data], [[data], undefined]);
    assert.equal((await phone.omemo.decrypt(data, 'pre-key', laptop)).length, 32);
  });
}

test('omemo proof - axolotl does not say whose device a key is for: with equal ids, both keys come along and one fits', async () => {
  const phone = await addPhone(newAccount(), 'apns', 1325);
  const laptop = await createOmemoDevice(juliet, 27183);
  const julietsPhone = await createOmemoDevice(juliet, 1325);
  await laptop.meet(phone.omemo);
  await laptop.meet(julietsPhone);
  for (const [form, keys, fitting] of [
    ['axolotl', 2, 1],
    ['omemo:2', 1, 0],
  ] as const) {
    const xml = await write(form, 'which of us?', laptop, [julietsPhone, phone.omemo]);
    const [push] = await deliver(phone.account, [phone], xml);
    assert.ok(push);
    assert.equal(readOmemoOfPayload(openPush(phone, push))?.keys.length, keys);
    assert.equal((await readOnDevice(phone, push))?.key, fitting);
  }
});

test('omemo proof - trying a key as the wrong kind of message fails and changes nothing', async () => {
  const phone = await createOmemoDevice('romeo@montague.example', 1325);
  const laptop = await createOmemoDevice(juliet, 27183);
  await laptop.meet(phone);
  const first = await laptop.encrypt(Buffer.alloc(32, 1), phone);
  const untouched = phone.snapshot();
  await assert.rejects(phone.decrypt(first.data, 'message', laptop));
  assert.equal(phone.snapshot(), untouched);
  await phone.decrypt(first.data, 'pre-key', laptop);
  await laptop.decrypt((await phone.encrypt(Buffer.alloc(1), laptop)).data, 'message', phone);
  const later = await laptop.encrypt(Buffer.alloc(32, 2), phone);
  assert.equal(later.startsSession, false);
  const inSession = phone.snapshot();
  await assert.rejects(phone.decrypt(later.data, 'pre-key', laptop));
  assert.equal(phone.snapshot(), inSession);
  assert.deepEqual(await phone.decrypt(later.data, 'message', laptop), new Uint8Array(32).fill(2));
});

/** A message from the laptop that the phone knows by the room alone. */
async function sealInRoom(laptop: OmemoDevice, phone: OmemoDevice) {
  const { keyMaterial, iv, data } = sealOmemoPayload('axolotl', 'in the room', randomBytes);
  const { data: key } = await laptop.encrypt(keyMaterial, phone);
  return { keys: [key], sid: '27183', data, ...(iv === undefined ? {} : { iv }) };
}
const room = 'coven@chat.shakespeare.example';

test('omemo proof - in a room the push names the room, under which no session is found', async () => {
  const phone = await createOmemoDevice('romeo@montague.example', 1325);
  const laptop = await createOmemoDevice(juliet, 27183);
  await laptop.meet(phone);
  assert.equal((await phone.open(await sealInRoom(laptop, phone), juliet))?.reading, 'pre-key');
  await laptop.decrypt((await phone.encrypt(Buffer.alloc(1), laptop)).data, 'message', phone);
  const inSession = await sealInRoom(laptop, phone);
  assert.equal(await phone.open(inSession, room), undefined);
  assert.equal((await phone.open(inSession, juliet))?.text, 'in the room');
});

test('omemo proof - in a room a first message opens, and spoils the session that it was to start', async () => {
  const phone = await createOmemoDevice('romeo@montague.example', 1325);
  const laptop = await createOmemoDevice(juliet, 27183);
  await laptop.meet(phone);
  assert.equal((await phone.open(await sealInRoom(laptop, phone), room))?.text, 'in the room');
  // The one-time key is used up, for a session that is filed under the room.
  assert.ok(phone.snapshot().includes(room) && !phone.snapshot().includes(juliet));
  assert.equal(await phone.open(await sealInRoom(laptop, phone), juliet), undefined);
});
