import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { createAcceptor } from '../../src/harness/acceptor.ts';
import type { Script } from '../../src/harness/contract.ts';
import { answerWord } from '../../src/harness/stanza.ts';
import { eventually } from '../support/process.ts';
import { defaults, type Sealpost, startProviders, startSealpost } from '../support/sealpost.ts';
import { ciphertextOf, createLedger, type Ledger } from './ledger.ts';
import { type Device, publish, register, topicOf } from './traffic.ts';
import { nextWeather, seededRandom } from './weather.ts';

const run = promisify(execFile);

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly perSecond: number;
  readonly devices: number;
  readonly say: (line: string) => void;
}

export interface ChaosReport {
  readonly ledger: Ledger;
  readonly answers: ReadonlyMap<string, number>;
  readonly kills: number;
  /** Devices that were told that they are registered: from the beginning, and in the midst of it. */
  readonly registered: number;
  /** Those of them that no provider declared gone and to whom no push leads any more. */
  readonly registrationsLost: number;
  readonly diskWasFull: boolean;
  readonly settledAfterMs: number;
}

/**
 * Publishes at a steady rate while the providers misbehave at random, the server is killed every few seconds, the disk is
 * full once and the clock steps once; then waits for fair weather to settle everything and closes the books.
 */
export async function runChaos({ seconds, seed, perSecond, devices, say }: ChaosOptions): Promise<ChaosReport> {
  const random = seededRandom(seed);
  const providers = await startProviders({ topicOf });
  const disk = await smallDisk(join(providers.folder, 'store'));
  const acceptor = await createAcceptor({
    components: new Map([['push.localhost', 's3cret']]),
    clock: systemClock,
    randomBytes,
    onConflict: 'replace-old',
  });
  const ledger = createLedger();
  for (const standIn of [providers.apns, providers.fcm]) standIn.onPush(ledger.received);

  const config = {
    xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(disk.folder),
    apps: providers.apps,
  };
  const steppingClock = pathToFileURL(join(import.meta.dirname, 'stepping-clock.ts')).href;
  let stepped = false;
  const start = () =>
    startSealpost(providers.folder, config, ['--import', stepped ? `${steppingClock}?set-back` : steppingClock]);
  let sealpost: Sealpost = await start();
  await acceptor.whenConnected('push.localhost', 10_000);

  const ask = async (id: string, from: string, xml: string, timeoutMs: number) =>
    answerWord(await acceptor.request({ id, from, to: 'push.localhost', xml }, timeoutMs));

  const known: Device[] = [];
  for (let i = 0; i < devices; i += 1) {
    const provider = i % 3 === 2 ? 'fcm' : 'apns';
    known.push(await register(acceptor, i, provider));
  }
  say(`${known.length} devices registered`);

  // Every twentieth device is declared dead by its provider at some time, and of every tenth its PushKit token alone.
  const dying = known.filter((_, i) => i % 20 === 7);
  const deaf = known.filter((_, i) => i % 10 === 1);
  const answers = new Map<string, number>();
  const asked = new Set<Promise<void>>();
  let publishing = true;
  let sent = 0;

  const publishOne = () => {
    const device = known[Math.floor(random() * known.length)];
    if (!device) return;
    const lot = random();
    const kind = lot < 0.1 && device.provider === 'apns' ? 'call' : lot < 0.9 ? 'alert' : 'background';
    const number = ledger.published({ kind, token: device.token, publishedAtMs: Date.now() });
    const id = `chaos-${number}`;
    const work = ask(id, 'localhost', publish(id, device.node, ciphertextOf(number), kind), 25_000).then((answer) => {
      ledger.answered(number, answer);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    });
    asked.add(work);
    void work.finally(() => asked.delete(work));
    sent += 1;
  };

  const publisher = (async () => {
    const startedAtMs = performance.now();
    while (publishing) {
      const due = ((performance.now() - startedAtMs) / 1000) * perSecond;
      while (sent < due) publishOne();
      await pause(10);
    }
  })();

  const weatherAt = async (provider: 'apns' | 'fcm') => {
    const standIn = providers[provider];
    while (publishing) {
      const weather = nextWeather(provider, random);
      standIn.script('*', weather === 'closed' ? undefined : weather);
      if (weather === 'closed') await standIn.closePort();
      await pause(300 + random() * 900);
      if (weather === 'closed') await standIn.openPort();
    }
    standIn.script('*', undefined);
  };

  /** New devices come all the time; whoever is told so is registered, and gets pushes from then on. */
  const registrar = async () => {
    for (let i = devices; publishing; i += 1) {
      const device = await register(acceptor, i, i % 3 === 2 ? 'fcm' : 'apns').catch(() => undefined);
      if (device) known.push(device);
      await pause(200);
    }
  };
  const surroundings = [weatherAt('apns'), weatherAt('fcm'), registrar()];

  let kills = 0;
  const endsAtMs = performance.now() + seconds * 1000;
  const share = (part: number) => performance.now() > endsAtMs - seconds * 1000 * (1 - part);
  let died = false;
  let diskWasFull = false;
  while (performance.now() < endsAtMs) {
    await pause(2000 + random() * 3000);
    if (!died && share(0.3)) {
      died = true;
      for (const { secondToken } of deaf) if (secondToken !== undefined) providers.apns.script(secondToken, dead410());
      for (const { token, provider } of dying) {
        ledger.gone(token);
        providers[provider].script(token, provider === 'apns' ? dead410() : { status: 404, reason: 'UNREGISTERED' });
      }
    }
    if (!stepped && share(0.5)) {
      stepped = true;
      sealpost.process.kill('SIGUSR2');
      say('clock set back');
      await pause(1000);
    }
    if (!diskWasFull && share(0.6) && disk.fill) {
      diskWasFull = true;
      await disk.fill();
      say('disk full');
      await pause(3000);
      await disk.empty?.();
    }
    sealpost.process.kill('SIGKILL');
    await sealpost.ended;
    kills += 1;
    sealpost = await start();
    await acceptor.whenConnected('push.localhost', 20_000);
  }
  publishing = false;
  await Promise.all([publisher, ...surroundings]);
  await Promise.all(asked);
  say(`${sent} published, ${kills} kills; fair weather from here on`);

  const settled = () =>
    eventually(
      'the outbox is empty',
      async () => {
        const text = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
        const depths = [...text.matchAll(/^sealpost_outbox_pushes\{[^}]*\} (\d+)$/gm)].map(([, depth]) =>
          Number(depth),
        );
        return (depths.length > 0 && depths.every((depth) => depth === 0)) || undefined;
      },
      420_000,
    );
  const fairSinceMs = performance.now();
  await settled();
  const settledAfterMs = performance.now() - fairSinceMs;

  const dead = new Set(dying.map(({ token }) => token));
  const living = known.filter(({ token }) => !dead.has(token));
  const proofs: number[] = [];
  for (const { token, node } of living) {
    const number = ledger.published({ kind: 'alert', token, publishedAtMs: Date.now() });
    const id = `proof-${number}`;
    ledger.answered(number, await ask(id, 'localhost', publish(id, node, ciphertextOf(number), 'alert'), 25_000));
    proofs.push(number);
  }
  await settled();
  const registrationsLost = proofs.filter((number) => (ledger.entries[number]?.accepted ?? 0) === 0).length;

  await sealpost.stop();
  await acceptor.close();
  await disk.close();
  await providers.stop();
  return { ledger, answers, kills, registered: known.length, registrationsLost, diskWasFull, settledAfterMs };
}

/** Dead since a time that is later than any registering, whatever the clock of the server says. */
const dead410 = (): Script => ({ status: 410, reason: 'Unregistered', timestampMs: Date.now() + 86_400_000 });

/** A file system of its own for the store, small enough to fill; where mounting is not allowed, a folder without `fill`. */
async function smallDisk(folder: string) {
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder]);
  } catch {
    return { folder, close: () => rm(folder, { recursive: true, force: true }) };
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill() {
      const block = Buffer.alloc(65_536);
      for (const size of [65_536, 1024]) {
        try {
          for (;;) await writeFile(ballast, block.subarray(0, size), { flag: 'a' });
        } catch {
          // Full at last.
        }
      }
    },
    empty: () => rm(ballast),
    async close() {
      await run('umount', [folder]);
    },
  };
}
