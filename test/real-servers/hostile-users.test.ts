import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missingPackage } from '../support/debian.ts';
import { type Person, registerDevice, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { declarations, type HostileStanza, hostileStanzas } from './hostile-stanzas.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import { type RawClient, signInRaw } from './raw-client.ts';
import { setUp, type Setting } from './setting.ts';

// One user of a real server sends the component whatever the server relays, while others get notifications. Usage for a
// whole minute: HOSTILE_SECONDS=60 node --test test/real-servers/hostile-users.test.ts
const seconds = Number(process.env['HOSTILE_SECONDS'] ?? 15);
/** Interval of bursts, with one stanza each second in between. */
const burstEverySeconds = 5;
/** Longest delivery that is within the rules. */
const limitMs = 20_000;

const others = ['romeo', 'juliet', 'tybalt'];
const accounts = [...others, 'nurse', 'mallory'];
const tokenOf = (name: string) => Buffer.from(name.padEnd(32, '.')).toString('hex');

const servers = [
  {
    name: 'Prosody',
    skip: missingPackage('prosody', prosodyFile),
    start: () => startProsody({ seal: false, accounts }),
    // It resolves prefixes, so it relays no wrong ones.
    relaysUndeclaredPrefixes: false,
  },
  {
    name: 'ejabberd',
    skip: missingPackage('ejabberd', ejabberdFile),
    start: () => startEjabberd({ accounts }),
    relaysUndeclaredPrefixes: true,
  },
];

for (const { name, skip, start, relaysUndeclaredPrefixes } of servers) {
  describe(`hostile users - ${name}`, { skip }, () => {
    const setting = setUp(start);

    test('whatever one user sends, the link stays and everybody else is notified', { timeout: 280_000 }, async () => {
      for (const other of others) await sleepWithPush(setting, other);
      const notifying = startNotifying(setting);
      const mallory = createMallory(setting);

      const all = hostileStanzas(setting.server.component);
      const relayed: HostileStanza[] = [];
      for (const stanza of all) if (await mallory.isRelayed(stanza)) relayed.push(stanza);
      assert.ok(relayed.length >= 60, `${relayed.length} stanzas are let through`);

      const bursts = Math.floor(seconds / burstEverySeconds);
      const inBurst = Math.ceil(relayed.length / bursts);
      const next = roundRobin(relayed);
      const sent = new Map<string, number>();
      for (let second = 1; second <= seconds; second += 1) {
        const batch = Array.from({ length: second % burstEverySeconds === 0 ? inBurst : 1 }, next);
        for (const each of batch) sent.set(each.kind, (sent.get(each.kind) ?? 0) + 1);
        await mallory.send(batch);
        await pause(1_000);
      }
      const delays = await notifying.stop();
      const metrics = await setting.metrics();
      await mallory.leave();
      const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
      console.log(
        `${name}, ${seconds} s: ${total} stanzas (${[...sent].map(([kind, count]) => `${count} ${kind}`).join(', ')}), ` +
          `${relayed.length} of ${all.length} kinds let through, ${countOf(metrics, 'link_reconnects')} reconnects, ` +
          `${countOf(metrics, 'stanzas_rejected')} rejected; ${delays.length} notifications of others, ` +
          `median ${Math.round(delays[Math.floor(delays.length / 2)] ?? 0)} ms, worst ${Math.round(delays.at(-1) ?? 0)} ms`,
      );

      assert.equal(countOf(metrics, 'link_reconnects'), 0);
      assert.match(metrics, /^sealpost_link_up\{link="push.localhost"\} 1$/m);
      assert.equal(countOf(metrics, 'stanzas_rejected', 'bad-namespace-prefix') > 0, relaysUndeclaredPrefixes);
      // With this answer a publisher would have lost a registration.
      assert.match(metrics, /^sealpost_publishes_total\{link="push.localhost",answer="item-not-found"\} 0$/m);
      const nurse = await signIn(setting.server, 'nurse');
      for (const other of others) await notify(setting, nurse, other);
      await nurse.leave();
    });
  });
}

/** Sum of a counter over all links and reasons, or over those with this reason. */
function countOf(metrics: string, counter: string, word = ''): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`sealpost_${counter}_total{`) && line.includes(word));
  assert.ok(lines.length > 0);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function roundRobin<T>(items: readonly T[]): () => T {
  let at = 0;
  return () => {
    const item = items[at % items.length];
    assert.ok(item !== undefined);
    at += 1;
    return item;
  };
}

/** Registers this person's phone, enables push and goes offline. */
async function sleepWithPush({ server }: Setting, name: string): Promise<void> {
  const person = await signIn(server, name);
  const { node = '' } = await registerDevice(person, server.component, {
    provider: 'tigase:messenger:apns:1',
    'device-token': tokenOf(name),
  });
  await person.request(
    `<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${server.component}' node='${node}'/></iq>`,
  );
  await person.leave();
}

/** Sends this person a message; resolves with the milliseconds until the push reaches APNs. */
async function notify({ providers: { apns } }: Setting, sender: Person, name: string): Promise<number> {
  const known = new Set(apns.received);
  const startedMs = performance.now();
  await sender.send(`<message to='${name}@localhost' type='chat'><body>Wherefore art thou?</body></message>`);
  await apns.waitFor((push) => push.token === tokenOf(name) && !known.has(push), limitMs);
  return performance.now() - startedMs;
}

/** Sends each of the others a message about twice a second. */
function startNotifying(setting: Setting) {
  const delays: number[] = [];
  let isOver = false;
  const running = (async () => {
    const nurse = await signIn(setting.server, 'nurse');
    await Promise.all(
      others.map(async (name) => {
        while (!isOver) {
          delays.push(await notify(setting, nurse, name));
          await pause(500);
        }
      }),
    );
    await nurse.leave();
  })();
  running.catch(() => {});
  return {
    /** Resolves with all delays in milliseconds, the longest last; rejects if one push did not arrive in time. */
    async stop(): Promise<number[]> {
      isOver = true;
      await running;
      return delays.toSorted((a, b) => a - b);
    },
  };
}

/** A user who signs in again whenever her server closes the connection. */
function createMallory({ server }: Setting) {
  let client: RawClient | undefined;
  let ids = 0;

  async function signedIn(): Promise<RawClient> {
    if (client && !client.isClosed) return client;
    client = await signInRaw(server, { name: 'mallory', resource: 'r', declarations });
    return client;
  }

  /** Whether the component answers; undefined if the server closed the connection. */
  async function ping(through: RawClient): Promise<boolean | undefined> {
    ids += 1;
    through.send(`<iq type='get' id='ping-${ids}' to='${server.component}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const answer = await through.until(new RegExp(`<iq [^>]*id=['"]ping-${ids}['"][^>]*>`), limitMs);
    if (!answer) return through.isClosed ? undefined : false;
    return /type=['"]result['"]/.test(answer[0]);
  }

  return {
    /** Sends it and a ping; false if the server does not tolerate it. */
    async isRelayed(stanza: HostileStanza): Promise<boolean> {
      const through = await signedIn();
      ids += 1;
      through.send(stanza.write(`id-${ids}`));
      const answered = await ping(through);
      assert.notEqual(answered, false, `after "${stanza.name}" the component does not answer`);
      return answered === true;
    },
    /** Sends all at once and a ping, which has to be answered. */
    async send(stanzas: readonly HostileStanza[]): Promise<void> {
      const through = await signedIn();
      through.send(
        Buffer.concat(
          stanzas.map((stanza) => {
            ids += 1;
            return stanza.write(`id-${ids}`);
          }),
        ),
      );
      assert.equal(await ping(through), true, `after ${stanzas.map((each) => each.name).join('; ')}`);
    },
    async leave(): Promise<void> {
      (await signedIn()).close();
    },
  };
}
