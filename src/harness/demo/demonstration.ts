/**
 * Sealpost at work without anybody's keys: XMPP servers, phones and both providers played on this machine, a real Sealpost
 * between them.
 */
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { closing, opening, printLine, printScene, type Sighting } from './report.ts';
import { lines, type Scene, scenes } from './scenes.ts';
import { type Phone, setStage, type Stage, type StartServer } from './environment.ts';
import { receivePush } from '../clients/device.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import { answerWord } from '../server/stanza.ts';
import { createTerminal, type TerminalOutput } from '../report/terminal.ts';
import type { PublishReport } from '../server/xmpp-server.ts';
import type { Clock } from '../../time/clock.ts';

export interface DemonstrationOptions {
  readonly startServer: StartServer;
  readonly output: TerminalOutput;
  readonly clock: Clock;
  /** Default: the system's. */
  readonly randomBytes?: RandomBytes;
  /** Ends after the scenes instead of going on until `signal`. */
  readonly once?: boolean;
  readonly signal?: AbortSignal;
  /** For `NO_COLOR` and `TERM`; default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Between the notifications after the scenes. Default 4,000. */
  readonly intervalMs?: number;
  /** How long a push may take to reach a provider, which is on the same machine. Default 10,000. */
  readonly arriveWithinMs?: number;
}

/** Plays; resolves with whether everything arrived and was read as it was sent. */
export async function runDemonstration(options: DemonstrationOptions): Promise<boolean> {
  const { output, clock, startServer, randomBytes = systemRandomBytes, env = process.env, signal } = options;
  const terminal = createTerminal(output, env);
  const stage = await setStage({ startServer, clock, randomBytes });
  const seen = new WeakSet<ReceivedPush>();
  const arriveWithinMs = options.arriveWithinMs ?? 10_000;
  let played = 0;
  let failed = 0;
  const play = async (scene: Scene) => {
    const sightings = await playScene(stage, scene, seen, arriveWithinMs);
    played += sightings.length;
    failed += sightings.filter(({ problem }) => problem !== undefined).length;
    return sightings;
  };
  try {
    opening(terminal);
    for (const scene of scenes) {
      if (signal?.aborted) break;
      printScene(terminal, scene, await play(scene));
    }
    closing(terminal, { played, failed, opsUrl: stage.opsUrl, goesOn: !options.once });
    while (!options.once && (await pause(clock, options.intervalMs ?? 4000, signal))) {
      const body = lines[(randomBytes(1)[0] ?? 0) % lines.length] ?? '';
      const event = { kind: 'message', from: 'juliet@capulet.example/balcony', body } as const;
      const scene = { title: 'Chat message', role: 'romeo', event, apns: 'alert', fcm: 'high', opens: true } as const;
      printLine(terminal, new Date(clock.now()), body, await play(scene));
    }
  } finally {
    await stage.close();
  }
  return failed === 0;
}

/** Lets the event happen and follows it to each phone of its account. */
async function playScene(
  stage: Stage,
  scene: Scene,
  seen: WeakSet<ReceivedPush>,
  arriveWithinMs: number,
): Promise<Sighting[]> {
  const { account, phones } = stage.accounts[scene.role];
  const reports = await account.notify(scene.event);
  return Promise.all(
    phones.map(async (phone) => {
      const report = reports.find(({ device }) => device.node === phone.node);
      const isNew = (push: ReceivedPush) =>
        !seen.has(push) && phone.tokens.some((token) => token.toLowerCase() === push.token.toLowerCase());
      // A publish that was refused leads to no push that could be waited for.
      const expected = report?.answer.kind === 'result';
      const push = expected ? await phone.standIn.waitFor(isNew, arriveWithinMs).catch(() => undefined) : undefined;
      if (push) seen.add(push);
      return judge(scene, phone, account.jid, report, push);
    }),
  );
}

/** Holds what arrived against what the scene says must arrive. */
function judge(
  scene: Scene,
  phone: Phone,
  account: string,
  report: PublishReport | undefined,
  push: ReceivedPush | undefined,
): Sighting {
  const key = phone.client.key;
  const view = push && receivePush(push, { reads: 'reference', keys: new Map(key ? [[account, key]] : []) });
  const found = { provider: phone.provider, ...(report && { report }), ...(push && { push }), ...(view && { view }) };
  const sent = report?.publish.sealed?.content.json;
  const problem = (): string | undefined => {
    if (!report) return 'the XMPP server published nothing';
    if (report.answer.kind !== 'result') return `the publish was answered ${answerWord(report.answer)}`;
    if (!push || !view) return 'nothing arrived';
    if (push.status !== 200) return `refused with ${push.status} ${push.reason ?? ''}`;
    const [actual, wanted] =
      push.provider === 'apns' ? [push.headers['apns-push-type'], scene.apns] : [fcmPriority(push), scene.fcm];
    if (actual !== wanted) return `came as ${actual}, not ${wanted}`;
    if (view.shown.kind === 'fault') return view.shown.why;
    if (scene.opens && view.opened !== sent) return 'the device read something else than was sent';
    return undefined;
  };
  const mistake = problem();
  return mistake === undefined ? found : { ...found, problem: mistake };
}

function fcmPriority(push: ReceivedPush): string | undefined {
  const { message } = push.body as { message?: { android?: { priority?: string } } };
  return message?.android?.priority;
}

/** False when `signal` ended it. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const abort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve(true);
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
