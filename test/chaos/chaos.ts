import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Script } from '../../src/harness/stand-ins/contract.ts';
import { type Background, startBackground } from './background.ts';
import type { LedgerReport } from './ledger.ts';
import { createPace } from './pace.ts';
import { proveRegistrations } from './proving.ts';
import { publishOnce, publishSteadily } from './publishing.ts';
import { answerWithinMs, openStage, type Stage } from './stage.ts';
import { openShared, troubleProcesses } from './processes.ts';
import { settle } from './settle.ts';
import { type Device, register } from './traffic.ts';
import { nextTokenWeather, nextWeather, seededRandom } from './weather.ts';

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly perSecond: number;
  readonly devices: number;
  /** How long fair weather may take to finish everything. */
  readonly settleWithinMs: number;
  readonly say: (line: string) => void;
  /** Whether the store of a single process is deleted once. */
  readonly losesStore: boolean;
  /** How many processes share a PostgreSQL database; 1: one process on SQLite. */
  readonly processes: number;
  /** Ends the run early; everything is closed all the same. */
  readonly signal: AbortSignal;
}

export interface ChaosReport {
  readonly ledger: LedgerReport;
  readonly kills: number;
  /** Devices that were told that they are registered, from the beginning or during the run. */
  readonly registered: number;
  /** Devices of these that no provider called gone and that no push reaches any more. */
  readonly registrationsLost: number;
  /** Devices of these for which that could not be found out. */
  readonly registrationsUndecided: number;
  readonly diskWasFull: boolean;
  /** Requests to Google for a token that got none. */
  readonly tokensDenied: number;
  readonly settledAfterMs: number;
  /** By fault: milliseconds after its end until as many publishes were answered with `result` as before; only of several processes. */
  readonly recoveries: ReadonlyMap<string, number>;
  /** Answers other than `result` while processes were restarted one after the other. */
  readonly restartErrors: ReadonlyMap<string, number>;
}

const steppingClock = pathToFileURL(join(import.meta.dirname, 'stepping-clock.ts')).href;

/**
 * Publishes at a steady rate while the providers misbehave at random, the server is killed every few seconds, the disk
 * is full once and the clock steps once. Then waits until fair weather has finished everything, and closes the books.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seconds, devices, settleWithinMs, say } = options;
  const random = seededRandom(options.seed);
  await using shared = await openShared(options.processes);
  const pace = createPace(options.perSecond, () => performance.now());
  const restartErrors = new Map<string, number>();
  let isRestarting = false;
  await using stage = await openStage({
    onAnswer(answer) {
      pace.note(answer);
      if (isRestarting && answer !== 'result') restartErrors.set(answer, (restartErrors.get(answer) ?? 0) + 1);
    },
    smallDisk: shared === undefined,
    nodeArguments: shared ? [] : ['--import', steppingClock],
    processes: options.processes,
    ...(shared && {
      config: shared.config,
      networkPorts: [shared.server.port],
      countQueued: () => shared.countQueued(),
    }),
  });
  await using background = startBackground(options.signal);
  const { books, disk } = stage;
  await shared?.watchDisplaced();

  const known: Device[] = [];
  for (let i = 0; i < devices; i += 1) {
    background.check();
    known.push(await register(stage.acceptor, i, providerOf(i)));
  }
  say(`${known.length} devices registered`);

  // The provider of every twentieth device calls it gone at some time; of every tenth only the PushKit token.
  const dying = known.filter((_, i) => i % 20 === 7);
  const deaf = known.filter((_, i) => i % 10 === 1);
  const traffic = { ...options, stage, background, random, known };
  publishAnything(traffic);
  for (const provider of ['apns', 'fcm'] as const) changeWeather(traffic, provider);
  changeTokenWeather(traffic);
  registerMore(traffic);

  let kills = 0;
  const endsAtMs = performance.now() + seconds * 1000;
  const share = (part: number) => performance.now() > endsAtMs - seconds * 1000 * (1 - part);
  let stepped = false;
  let isStoreLost = false;
  let died = false;
  let diskWasFull = false;
  if (shared) declareDead(stage, dying, deaf);
  if (shared) {
    kills = await troubleProcesses({ stage, server: shared.server, background, random, say, endsAtMs, pace });
    // Answers to what was published before may still be out.
    await background.rest(30_000);
    isRestarting = true;
    for (const index of stage.sealposts.keys()) {
      const { answered, handedOver, unanswered, durationMs } = await stage.restartGently(index);
      say(`restarted: ${answered} answered, ${handedOver} handed over, ${unanswered} unanswered, in ${durationMs} ms`);
    }
    // What has no answer shows as such when its time is over.
    await background.rest(answerWithinMs + 2_000);
    isRestarting = false;
    say('restarted one after the other');
  }
  while (performance.now() < endsAtMs) {
    await background.rest(2000 + random() * 3000);
    const stepsAtMs = !stepped && share(0.3) ? Date.now() : undefined;
    if (stepsAtMs !== undefined) {
      stepped = true;
      stage.sealpost.process.kill('SIGUSR2');
      say('clock set back');
      await background.rest(1000);
    }
    if (!diskWasFull && share(0.5) && disk.fill) {
      const fullSinceMs = Date.now();
      await disk.fill();
      diskWasFull = true;
      say('disk full');
      await background.rest(3000);
      await disk.empty?.();
      books.diskWasFull(fullSinceMs);
    }
    if (options.losesStore && !isStoreLost && share(0.6)) {
      isStoreLost = true;
      await stage.loseStore();
      say('store lost');
    }
    if (!died && share(0.7)) {
      died = true;
      declareDead(stage, dying, deaf);
    }
    await stage.restart(['--import', stepped ? `${steppingClock}?set-back` : steppingClock]);
    kills += 1;
    if (stepsAtMs !== undefined) books.setBack(stepsAtMs);
  }
  await background.finish();
  const { tokensAsked, tokensIssued } = stage.providers.fcm;
  say(`${books.published} published, ${kills} kills; fair weather from here on`);

  const deadline = () => AbortSignal.any([options.signal, AbortSignal.timeout(settleWithinMs)]);
  const fairSinceMs = performance.now();
  await settle(stage, deadline());
  const settledAfterMs = performance.now() - fairSinceMs;
  if (shared) books.displaced(await shared.displaced());

  const living = known.filter((device) => !dying.includes(device));
  const registrations = await judgeRegistrations(stage, living, deadline());
  return {
    ledger: await books.report(),
    kills,
    registered: known.length,
    ...registrations,
    diskWasFull,
    tokensDenied: tokensAsked - tokensIssued,
    settledAfterMs,
    recoveries: shared ? pace.recoveries() : new Map(),
    restartErrors,
  };
}

const providerOf = (index: number) => (index % 3 === 2 ? 'fcm' : 'apns');

interface Traffic extends Pick<ChaosOptions, 'perSecond' | 'devices'> {
  readonly stage: Stage;
  readonly background: Background;
  readonly random: () => number;
  readonly known: Device[];
}

function publishAnything({ stage, background, random, known, perSecond }: Traffic): void {
  publishSteadily(stage, background, perSecond, () => {
    const device = known[Math.floor(random() * known.length)] as Device;
    const lot = random();
    return { device, kind: lot < 0.1 && device.provider === 'apns' ? 'call' : lot < 0.9 ? 'alert' : 'background' };
  });
}

function changeWeather({ stage, background, random }: Traffic, provider: 'apns' | 'fcm'): void {
  const standIn = stage.providers[provider];
  background.run(async () => {
    while (!background.isOver) {
      const weather = nextWeather(provider, random);
      standIn.script('*', weather === 'closed' ? undefined : weather);
      if (weather === 'closed') {
        stage.books.hungUp(provider);
        await standIn.closePort();
      }
      await pause(300 + random() * 900);
      if (weather === 'closed') await standIn.openPort();
    }
    standIn.script('*', undefined);
  });
}

function changeTokenWeather({ stage, background, random }: Traffic): void {
  const { fcm } = stage.providers;
  background.run(async () => {
    while (!background.isOver) {
      fcm.scriptTokens(nextTokenWeather(random));
      await pause(300 + random() * 900);
    }
    fcm.scriptTokens(undefined);
  });
}

/** New devices register all the time, and get pushes once they are told that they are registered. */
function registerMore({ stage, background, known, devices }: Traffic): void {
  background.run(async () => {
    for (let i = devices; !background.isOver; i += 1) {
      const device = await register(stage.acceptor, i, providerOf(i)).catch(() => undefined);
      if (device) known.push(device);
      await pause(200);
    }
  });
}

/** Dead since a time later than any registration, whatever the server's clock says. */
const dead410 = (): Script => ({ status: 410, reason: 'Unregistered', timestampMs: Date.now() + 86_400_000 });

function declareDead({ providers, books }: Stage, dying: readonly Device[], deaf: readonly Device[]): void {
  for (const { secondToken } of deaf) if (secondToken !== undefined) providers.apns.script(secondToken, dead410());
  for (const device of dying) {
    const { provider, token } = device;
    books.gone(device);
    providers[provider].script(token, provider === 'apns' ? dead410() : { status: 404, reason: 'UNREGISTERED' });
  }
}

/** How many of the devices no push reaches, and for how many that is unknown. */
async function judgeRegistrations(stage: Stage, devices: readonly Device[], deadline: AbortSignal) {
  const { promised, refused, undecided } = await proveRegistrations(devices, {
    publish(device) {
      deadline.throwIfAborted();
      return publishOnce(stage, { device, kind: 'alert' });
    },
    rest: () => pause(1_000),
  });
  const countMissing = async () => (await stage.books.missing(promised)).length;
  if ((await countMissing()) > 0) await settle(stage, deadline);
  return {
    registrationsLost: refused.length + (await countMissing()),
    registrationsUndecided: undecided.length,
  };
}
