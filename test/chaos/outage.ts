import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { createAcceptor } from '../../src/harness/acceptor.ts';
import { answerWord } from '../../src/harness/stanza.ts';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';
import { ciphertextOf, createLedger } from './ledger.ts';
import { type Device, publish, register } from './traffic.ts';

// Both providers out of service in real time, then back: `npm run outage -- --minutes 10`.
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '300' } },
});
const outageMs = Number(values.minutes) * 60_000;
const perSecond = Number(values.rate);
// The newest 20 pushes of a registration stay: so many devices that none gets more in the outage.
const devices = Math.ceil((outageMs / 1000) * perSecond * 0.07);

const providers = await startProviders();
const components = new Map([['push.localhost', 's3cret']]);
const acceptor = await createAcceptor({ components, clock: systemClock, randomBytes });
const ledger = createLedger();
let acceptedAtOnce = 0;
let most = 0;
for (const standIn of [providers.apns, providers.fcm]) {
  standIn.onPush((push) => {
    ledger.received(push);
    if (push.status === 200) acceptedAtOnce += 1;
  });
}
const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
const sealpost = await startSealpost(providers.folder, {
  xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
  ...defaults(providers.folder),
  apps: providers.apps,
  limits: { commandsPerDomain: unlimited },
});
await acceptor.whenConnected('push.localhost', 10_000);
const known: Device[] = [];
while (known.length < devices) {
  const next = Array.from({ length: 100 }, (_, i) => known.length + i);
  known.push(...(await Promise.all(next.map((i) => register(acceptor, i, i % 2 === 0 ? 'apns' : 'fcm')))));
}
console.log(`${known.length} devices registered`);

const memoryMb = () => {
  const text = readFileSync(`/proc/${sealpost.process.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024);
};
const metric = async (pattern: RegExp) => {
  const text = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
};
const depth = () => metric(/^sealpost_outbox_pushes\{[^}]*\} (\d+)$/gm);

const answers = new Map<string, number>();
const callsAfterMs: number[] = [];
let sent = 0;
let publishing = true;
const publisher = (async () => {
  const startedAtMs = performance.now();
  while (publishing) {
    for (const due = ((performance.now() - startedAtMs) / 1000) * perSecond; sent < due; sent += 1) {
      const device = known[sent % known.length];
      if (!device) continue;
      const kind = device.provider === 'apns' && sent % 50 === 0 ? 'call' : 'alert';
      const number = ledger.published({ kind, token: device.token, publishedAtMs: Date.now() });
      const id = `outage-${number}`;
      const xml = publish(id, device.node, ciphertextOf(number), kind);
      void acceptor.request({ id, from: 'localhost', to: 'push.localhost', xml }, 25_000).then((answer) => {
        const word = answerWord(answer);
        ledger.answered(number, word);
        answers.set(word, (answers.get(word) ?? 0) + 1);
      });
    }
    await pause(10);
  }
})();

for (const standIn of [providers.apns, providers.fcm]) standIn.script('*', { status: 503 });
for (let passedMs = 0; passedMs < outageMs; passedMs += 30_000) {
  await pause(Math.min(30_000, outageMs - passedMs));
  console.log(`out of service: ${sent} published, ${await depth()} owed, ${memoryMb()} MB`);
}
const backAtMs = Date.now();
for (const standIn of [providers.apns, providers.fcm]) standIn.script('*', undefined);
const stopWatching = providers.apns.onPush(({ headers, status, atMs }) => {
  if (status === 200 && headers['apns-push-type'] === 'voip') callsAfterMs.push(atMs - backAtMs);
});
await pause(15_000);
publishing = false;
await publisher;
for (let left = await depth(), ticks = 0; left > 0; ticks += 1) {
  acceptedAtOnce = 0;
  await pause(1000);
  most = Math.max(most, acceptedAtOnce);
  if (ticks % 30 !== 0) continue;
  left = await depth();
  console.log(`back for ${Math.round((Date.now() - backAtMs) / 1000)} s: ${left} owed, ${memoryMb()} MB`);
}
stopWatching();
const lost = ledger.lost();
console.log(`${sent} published; answers: ${[...answers].map((each) => each.join(' ')).join(', ')}`);
console.log(
  `settled ${Math.round((Date.now() - backAtMs) / 1000)} s after the end; at most ${most} pushes in a second`,
);
console.log(`first calls rang ${callsAfterMs.slice(0, 3).join(', ')} ms after the end`);
console.log(`lost ${lost.length}, copies with different apns-id ${ledger.torn().length}`);
await sealpost.stop();
await acceptor.close();
await providers.stop();
process.exit(lost.length === 0 ? 0 : 1);
