// A push app server with nothing of ours in it, correct unless it is told to have a defect (see defects.ts).
//   node component.mjs SERVICE DOMAIN SECRET SETTINGS [DEFECT]
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createApns, createFcm } from './providers.mjs';
import { child, createReader, escape, readForm, textOf } from './xml.mjs';

const [, , service, domain, secret, settingsFile, defect = 'none'] = process.argv;
const settings = JSON.parse(readFileSync(settingsFile, 'utf8'));
const has = (name) => defect === name;
const deadlineMs = has('no-deadline') ? 0 : 5000;
const apns = createApns(settings.apns, { deadlineMs, defect });
const fcm = createFcm(settings.fcm, { deadlineMs, defect });

const providers = { 'tigase:messenger:apns:1': 'apns', 'fcm-xmpp-api': 'fcm' };
if (!has('no-snikket')) providers['snikket:apns:1'] = 'apns';
/** By node. */
const devices = new Map();
const answered = (type, condition) => ({ type, condition });
const done = 'result';
const later = answered('wait', 'internal-server-error');
const gone = answered('cancel', 'item-not-found');

function changeCiphertext(text, count) {
  if (has('cuts-ciphertext') || (has('cuts-third') && count >= 3)) return text.slice(0, 60);
  if (has('base64url')) return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  if (has('encodes-twice')) return Buffer.from(text).toString('base64');
  if (has('trims-padding')) return text.replace(/=+$/, '');
  if (has('strips-tag')) return Buffer.from(text, 'base64').subarray(0, -16).toString('base64');
  if (has('line-breaks')) return text.replace(/.{60}/g, '$&\n');
  if (!has('flips-a-bit')) return text;
  const bytes = Buffer.from(text, 'base64');
  bytes[3] ^= 4;
  return bytes.toString('base64');
}

/** What a publish asks for; `undefined`: nothing that a notification could be made of. */
function readNotification(item, count) {
  const element = child(item, 'notification');
  if (!element) return undefined;
  const encrypted = child(element, 'encrypted');
  const priority = textOf(child(element, 'priority'));
  if (!encrypted) return { priority, form: readForm(child(element, 'x')) };
  const ciphertext = textOf(encrypted).replace(/\s/g, '');
  const iv = (encrypted.attrs.iv ?? '').replace(/\s/g, '');
  const isBase64 = (text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
  const isLong = Buffer.from(ciphertext, 'base64').length > 16 || has('short-ciphertexts');
  if (!isBase64(ciphertext) || !isBase64(iv) || !isLong) return undefined;
  const nickname = textOf(child(child(element, 'groupchat'), 'nickname'));
  const form = readForm(child(element, 'x'));
  return {
    priority,
    ciphertext: changeCiphertext(ciphertext, count),
    iv,
    isVoip: encrypted.attrs.type === 'voip',
    nickname,
    form,
  };
}

function chooseKind({ ciphertext, priority, isVoip, form }, { second }) {
  if (has('drops-without-priority') && ciphertext !== undefined && priority === undefined) return 'nothing';
  if (has('alert-for-everything')) return 'alert';
  if (ciphertext === undefined) {
    if (form['message-count'] === '0' && !form['last-message-sender'] && !form['last-message-body']) return 'clear';
    return form['last-message-body'] || priority === 'high' ? 'alert' : 'background';
  }
  if (has('ends-calls-by-pushkit') && isVoip && second) return 'voip';
  if (priority !== 'high') return 'background';
  if (!isVoip || has('ignores-voip')) return 'alert';
  return second || has('pushkit-without-token') ? 'voip' : 'call';
}

function writeKeys({ ciphertext, iv, nickname, form }, device, kind) {
  const keys = { account: has('full-jid') ? device.jid : device.account };
  if (kind === 'clear') return { ...keys, 'unread-messages': has('count-as-text') ? '0' : 0 };
  if (ciphertext === undefined) return keys;
  if (has('leaks-nickname') && nickname) keys.from = nickname;
  if ((has('leaks-body') || has('body-in-alert')) && form['last-message-body'])
    keys.preview = form['last-message-body'];
  if (has('swaps-iv')) return { ...keys, encrypted: iv, iv: ciphertext };
  if (has('another-ciphertext')) [ciphertext, device.latest] = [device.latest ?? ciphertext, ciphertext];
  if (has('stale-iv')) iv = device.iv ??= iv;
  const isWithoutIv = has('drops-iv') || (has('drops-iv-on-android') && device.provider === 'fcm');
  return { ...keys, encrypted: ciphertext, ...(isWithoutIv ? {} : { iv }) };
}

const lifetimeS = {
  alert: 604_800,
  call: 30,
  background: 3600,
  clear: 3600,
  voip: has('calls-for-a-week') ? 604_800 : 0,
};

function sendToApns(device, kind, keys) {
  const isVoip = kind === 'voip';
  const shows = kind === 'alert' || kind === 'call';
  const words = has('body-in-alert') && keys.preview ? keys.preview : 'New message!';
  const alert = has('alert-without-text') ? {} : { body: kind === 'call' ? 'Incoming call' : words };
  const aps = shows ? { alert, sound: 'default' } : {};
  if ((kind === 'alert' && !has('not-mutable')) || (kind === 'call' && has('mutable-calls')))
    aps['mutable-content'] = 1;
  if (!isVoip && (!shows || has('content-available'))) aps['content-available'] = 1;
  const seconds = lifetimeS[kind];
  const start = has('duration-as-date') ? 0 : Math.floor(Date.now() / 1000);
  const isToSecond = isVoip || (has('alerts-to-second-token') && kind === 'alert');
  return apns(isToSecond && device.second && !has('calls-to-first-token') ? device.second : device.first, {
    isVoip: isVoip && !has('voip-topic'),
    type: isVoip ? 'voip' : shows ? 'alert' : 'background',
    priority: shows || isVoip || has('background-at-10') ? 10 : 5,
    expiration: seconds === 0 ? 0 : start + seconds,
    body: { aps, ...keys },
    nickname: device.nickname,
  });
}

function sendToFcm(device, kind, keys) {
  const asText = has('numbers-on-android') ? (value) => value : String;
  const data = Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, asText(value)]));
  const priority = ['alert', 'call', 'voip'].includes(kind) && !has('fcm-normal') ? 'high' : 'normal';
  const android = { priority, ttl: has('ttl-as-number') ? lifetimeS[kind] : `${lifetimeS[kind]}s` };
  const notification = has('fcm-notification') ? { notification: { title: 'New message!' } } : {};
  return fcm(has('lowers-tokens') ? device.first.toLowerCase() : device.first, { data, android, ...notification });
}

const send = (device, kind, keys) =>
  device.provider === 'apns' ? sendToApns(device, kind, keys) : sendToFcm(device, kind, keys);

const isDead = ({ status, reason }) =>
  (status === 410 && reason !== undefined) ||
  (status === 404 && has('any-404-is-dead')) ||
  (status === 404 && reason === 'UNREGISTERED') ||
  (status === 400 && reason === 'BadDeviceToken');
const isRefused = ({ status, reason }) => status === 413 || (status === 400 && reason === 'INVALID_ARGUMENT');

async function deliver(device, notification) {
  const kind = chooseKind(notification, device);
  device.nickname = notification.nickname;
  const keys = writeKeys(notification, device, kind);
  if (kind === 'nothing' || (kind === 'background' && has('drops-background'))) return done;
  if (kind === 'clear' && has('never-clears')) return done;
  const isTooLong = JSON.stringify(keys).length > (kind === 'voip' ? 4900 : 3900);
  if (device.published % 2 === 0 && has('drops-every-other')) return done;
  if (isTooLong && has('drops-oversize')) return done;
  if (isTooLong && has('refuses-oversize')) return answered('modify', 'not-acceptable');
  if (isTooLong) delete keys.encrypted;
  if (isTooLong) delete keys.iv;
  if (has('answers-early')) return (void send(device, kind, keys), done);
  const sent = await send(device, kind === 'voip' && isTooLong ? 'call' : kind, keys);
  if (has('alerts-beside-pushkit') && kind === 'voip') await send(device, 'call', keys);
  if (has('sends-twice')) await send(device, kind, keys);
  return conclude(device, kind, keys, sent);
}

async function conclude(device, kind, keys, sent) {
  if (sent.status === 200) return done;
  if (has('result-whatever')) return done;
  if (isDead(sent) && kind === 'voip') {
    if (has('dead-second-kills')) return forget(device);
    if (!has('dead-second-for-ever')) device.second = undefined;
    return (await send(device, 'call', keys)).status === 200 ? done : later;
  }
  if (isDead(sent) && (has('dead-is-later') || (has('dead-is-later-on-android') && device.provider === 'fcm')))
    return later;
  if (isDead(sent)) return has('hides-dead') ? done : forget(device);
  if (isRefused(sent)) {
    if (has('refused-is-dead')) return forget(device);
    const { encrypted: _content, iv: _iv, ...bare } = keys;
    return (await send(device, kind === 'voip' ? 'call' : kind, bare)).status === 200 ? done : later;
  }
  if (has('reset-forgets') && sent.status === 0) return forget(device, later);
  if (has('outage-is-dead') && (sent.status >= 500 || sent.status === 0)) return gone;
  if (has('outage-forgets') && sent.status >= 500) return forget(device, later);
  if (has('busy-is-constraint') && sent.status === 429) return answered('wait', 'resource-constraint');
  if (has('forbidden-is-dead') && (sent.status === 403 || sent.status === 401)) return forget(device);
  if (has('unavailable') && sent.status >= 500) return answered('cancel', 'service-unavailable');
  return later;
}

function forget(device, answer = gone) {
  devices.delete(device.node);
  return answer;
}

function isPublisher(from, { account }) {
  const host = account.slice(account.indexOf('@') + 1);
  const [bare] = from.split('/');
  if (has('anybody-publishes')) return true;
  if (has('publisher-by-suffix')) return bare.endsWith(host);
  if (has('publisher-by-domain')) return bare.slice(bare.indexOf('@') + 1) === host;
  return bare === host || bare === account;
}

async function answerPublish(from, pubsub) {
  const publish = child(pubsub, 'publish');
  const device = devices.get(publish?.attrs.node);
  if (has('publish-never-answered')) return undefined;
  if (!device) return has('unknown-is-result') ? done : gone;
  if (!isPublisher(from, device) && has('strangers-kill')) return forget(device, answered('auth', 'forbidden'));
  if (!isPublisher(from, device)) return answered('auth', 'forbidden');
  device.published = (device.published ?? 0) + 1;
  const notification = readNotification(child(publish, 'item'), device.published);
  if (!notification && has('dies-of-malformed')) process.exit();
  if (!notification) return has('malformed-is-gone') ? forget(device) : answered('wait', 'bad-request');
  if (has('one-device-per-account')) {
    return deliver(
      [...devices.values()].findLast(({ account }) => account === device.account),
      notification,
    );
  }
  return deliver(device, notification);
}

const field = (name, type, value) => `<field var='${name}'${type}><value>${escape(value)}</value></field>`;

function answerCommand(from, command) {
  const form = readForm(child(command, 'x'));
  const provider = providers[form.provider];
  if (!provider) return answered('cancel', 'item-not-found');
  const [account] = from.split('/');
  const known = [...devices.values()].find(
    (device) =>
      device.first === form['device-token'] &&
      device.provider === provider &&
      (device.account === account || has('one-account-per-token')),
  );
  const { node: name } = command.attrs;
  if (name === 'unregister-device') {
    if (known && !has('unregisters-nobody')) devices.delete(known.node);
    for (const { node, first } of devices.values())
      if (has('unregisters-all-accounts') && first === form['device-token']) devices.delete(node);
    const xml = `<command xmlns='http://jabber.org/protocol/commands' node='${name}' status='completed'/>`;
    return { xml: has('unregister-bare') ? '' : xml };
  }
  if (name !== 'register-device') return answered('cancel', 'item-not-found');
  const node = has('node-of-token') ? form['device-token'].slice(-64) : (known?.node ?? randomUUID());
  const first = has('cuts-tokens') ? form['device-token'].slice(0, 128) : form['device-token'];
  const second = has('keeps-second-token') && known ? known.second : form['device-second-token'];
  devices.set(node, { node, account, jid: from, provider, first, second });
  const size = has('size-too-large') ? '4096' : '3000';
  const listed = has('features-untyped') ? '' : ` type='text-multi'`;
  const fields =
    field('node', has('node-hidden') ? ` type='hidden'` : ` type='text-single'`, node) +
    field('features', listed, has('no-sealing') ? 'urn:xmpp:push:0' : 'tigase:push:encrypt:0') +
    (has('no-max-size') ? '' : field('max-payload-size', ` type='text-single'`, size));
  const type = has('form-untyped') ? '' : ` type='result'`;
  return {
    xml:
      `<command xmlns='http://jabber.org/protocol/commands' node='${name}' status='completed'>` +
      `<x xmlns='jabber:x:data'${type}>${fields}</x></command>`,
  };
}

function answerInfo() {
  const ids = has('other-id') ? ['vendor:apns:7'] : Object.keys(providers);
  const features = [
    ...(has('no-push-feature') ? [] : ['urn:xmpp:push:0']),
    'http://jabber.org/protocol/commands',
    ...ids,
  ];
  const identity = has('no-identity') ? '' : `<identity category='pubsub' type='push'/>`;
  const list = features.map((name) => `<feature var='${name}'/>`).join('');
  return { xml: `<query xmlns='http://jabber.org/protocol/disco#info'>${identity}${list}</query>` };
}

async function respond({ attrs: { from }, children }) {
  const [asked] = children.filter((each) => typeof each !== 'string');
  if (has('item-not-found-always')) return gone;
  if (asked?.name === 'query' && asked.attrs.xmlns === 'http://jabber.org/protocol/disco#info') return answerInfo();
  if (asked?.name === 'command') return answerCommand(from, asked);
  if (asked?.name === 'pubsub') return answerPublish(from, asked);
  return answered('cancel', 'service-unavailable');
}

function write({ attrs: { from, id } }, outcome) {
  const isError = outcome !== done && outcome.xml === undefined;
  const to = has('drops-resource') && !from.includes('@') ? from.split('/')[0] : from;
  const answeredId = has('wrong-id') && !from.includes('@') ? `answer-${id}` : id;
  const start = `<iq type='${isError ? 'error' : 'result'}' from='${domain}' to='${escape(to)}' id='${escape(answeredId)}'>`;
  const condition = `<${outcome.condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>`;
  const text = `<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No.</text>`;
  const content = has('text-first') ? text + condition : condition;
  socket.write(`${start}${isError ? `<error type='${outcome.type}'>${content}</error>` : (outcome.xml ?? '')}</iq>`);
}

const { hostname, port } = new URL(service);
const socket = connect(Number(port), hostname).setEncoding(has('reads-latin1') ? 'latin1' : 'utf8');
socket.write(
  `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
);
socket.on('close', () => process.exit());
socket.on(
  'data',
  createReader({
    onHeader: ({ id }) =>
      socket.write(
        `<handshake>${createHash('sha1')
          .update(id + secret)
          .digest('hex')}</handshake>`,
      ),
    onStanza: async (stanza) => {
      if (stanza.name !== 'iq' || !['get', 'set'].includes(stanza.attrs.type)) return;
      const outcome = await respond(stanza).catch(() => later);
      if (outcome !== undefined) write(stanza, outcome);
    },
  }),
);
