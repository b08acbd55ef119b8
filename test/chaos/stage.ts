import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/time/clock.ts';
import { type Acceptor, createAcceptor } from '../../src/harness/server/acceptor.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { defaults, type Providers, type Sealpost, startProviders, startSealpost } from '../support/sealpost.ts';
import { eventually } from '../support/process.ts';
import { type Books, openBooks } from './books.ts';
import { type Network, openNetwork } from './network.ts';
import { makeFolder, mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { topicOf } from './traffic.ts';

export const component = 'push.localhost';

/** The server between both stand-ins and an XMPP server, with the books; disposing it ends everything. */
export interface Stage extends AsyncDisposable {
  readonly providers: Providers;
  readonly acceptor: Acceptor;
  /** Folder of the store. */
  readonly disk: SmallDisk;
  readonly books: Books;
  /** The current process, or the first of several. */
  readonly sealpost: Sealpost;
  /** All processes. */
  readonly sealposts: readonly Sealpost[];
  /**
   * Kills a process with `kill -9` and starts a new one.
   * @throws if the current process has ended by itself
   */
  restart(nodeArguments: readonly string[], index?: number): Promise<void>;
  /** Ends a process with SIGTERM and starts a new one, as an upgrade does. Resolves with the last line of the old one's log. */
  restartGently(index: number): Promise<Readonly<Record<string, string | number>>>;
  /** Kills the only process, deletes its store but not the node key, and starts a new one. */
  loseStore(): Promise<void>;
  /** The network of the last process; undefined: it has none of its own. */
  readonly network?: Network;
  /** Publishes or sends a command, and resolves with the answer as a word. Never rejects. */
  ask(id: string, from: string, xml: string): Promise<string>;
  /** Number of queued pushes, of a single process as it last counted them; undefined before its first count. */
  countQueued(): Promise<number | undefined>;
}

export interface StageOptions {
  /** A disk that can be filled, where mounting is allowed. */
  readonly smallDisk?: boolean;
  /** Additional parts of the config. */
  readonly config?: object;
  readonly nodeArguments?: readonly string[];
  /** How many processes share the store of `config`. Default 1. */
  readonly processes?: number;
  /** Counts the queued pushes of a shared store, of which each process knows only its part and what it last counted. */
  readonly countQueued?: () => Promise<number>;
  /** The last process gets a network of its own, where that is allowed; these ports lead out of it, and those of this stage. */
  readonly networkPorts?: readonly number[];
  /** Sees each answer. */
  readonly onAnswer?: (answer: string) => void;
}

/** Interval of the server's count in milliseconds, so its figures are no older. */
export const countedEveryMs = 10_000;

/** Milliseconds after which a publish counts as unanswered. */
export const answerWithinMs = 25_000;
/** Milliseconds for a start, which takes about a second, or more on a loaded machine. */
const connectWithinMs = 60_000;

export async function openStage(options: StageOptions): Promise<Stage> {
  const { smallDisk = false, config, nodeArguments = [], processes = 1, networkPorts, onAnswer, countQueued } = options;
  await using opened = new AsyncDisposableStack();
  const providers = await startProviders({ topicOf });
  opened.defer(() => providers.stop());
  const disk = opened.use(await (smallDisk ? mountSmallDisk : makeFolder)(join(providers.folder, 'store')));
  const acceptor = await createAcceptor({
    components: new Map([[component, 's3cret']]),
    clock: systemClock,
    randomBytes,
    onConflict: processes > 1 ? 'accept' : 'replace-old',
  });
  opened.defer(() => acceptor.close());
  const books = opened.use(openBooks());
  for (const standIn of [providers.apns, providers.fcm]) standIn.onPush(books.receive);

  const whole = {
    xmpp: [{ service: acceptor.service, domain: component, secret: 's3cret' }],
    ...defaults(disk.folder),
    apps: providers.apps,
    ...config,
  };
  const { apns, fcm } = providers;
  const own = [acceptor.service, apns.origin, fcm.origin, fcm.tokenOrigin].map((url) => Number(new URL(url).port));
  const network = networkPorts && (await openNetwork([...new Set([...networkPorts, ...own])]));
  if (network) opened.use(network);
  const sealposts: Sealpost[] = [];
  opened.defer(async () => void (await Promise.all(sealposts.map((one) => one.stop()))));
  const launch = async (index: number, givenArguments: readonly string[]) => {
    const prefix = index === processes - 1 ? network?.prefix : undefined;
    sealposts[index] = await startSealpost(await folderOf(providers.folder, index), whole, givenArguments, prefix);
  };
  for (let i = 0; i < processes; i += 1) await launch(i, nodeArguments);
  const whenAllConnected = async () => {
    const first = await acceptor.whenConnected(component, connectWithinMs);
    const wanted = () => (acceptor.connections.length >= processes ? first : undefined);
    await eventually(`${processes} connections`, wanted, connectWithinMs);
  };
  await whenAllConnected();
  const kill = async (index: number): Promise<number> => {
    const sealpost = sealposts[index] as Sealpost;
    const { exitCode } = sealpost.process;
    if (exitCode !== null)
      throw new Error(`the server ended with ${exitCode}:\n${sealpost.lines.slice(-10).join('\n')}`);
    const killedAtMs = Date.now();
    sealpost.process.kill('SIGKILL');
    await sealpost.ended;
    return killedAtMs;
  };
  const closing = opened.move();

  return {
    ...(network && { network }),
    providers,
    acceptor,
    disk,
    books,
    get sealpost() {
      return sealposts[0] as Sealpost;
    },
    sealposts,
    async restart(givenArguments, index = 0) {
      const killedAtMs = await kill(index);
      await launch(index, givenArguments);
      books.killed(killedAtMs);
      await whenAllConnected();
    },
    async restartGently(index) {
      const sealpost = sealposts[index] as Sealpost;
      sealpost.process.kill('SIGTERM');
      const code = await sealpost.ended;
      if (code !== 0)
        throw new Error(`SIGTERM ended the server with ${code}:\n${sealpost.lines.slice(-10).join('\n')}`);
      await launch(index, []);
      await whenAllConnected();
      return JSON.parse(sealpost.lines.at(-1) ?? '{}') as Record<string, string | number>;
    },
    async loseStore() {
      const killedAtMs = await kill(0);
      for (const name of ['sealpost.db', 'sealpost.db-wal', 'sealpost.db-shm']) {
        await rm(join(disk.folder, name), { force: true });
      }
      books.storeLost();
      await launch(0, nodeArguments);
      books.killed(killedAtMs);
      await whenAllConnected();
    },
    async ask(id, from, xml) {
      const answer = answerWord(await acceptor.request({ id, from, to: component, xml }, answerWithinMs));
      onAnswer?.(answer);
      return answer;
    },
    async countQueued() {
      if (countQueued) return countQueued();
      const text = await (await fetch(`${sealposts[0]?.opsUrl}/metrics`)).text();
      const depths = [...text.matchAll(/^sealpost_outbox_pushes\{[^}]*\} (\d+)$/gm)];
      return depths.length === 0 ? undefined : depths.reduce((sum, [, depth]) => sum + Number(depth), 0);
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Each process has its config in a folder of its own; the first in that of the providers. */
async function folderOf(folder: string, index: number): Promise<string> {
  if (index === 0) return folder;
  const own = join(folder, `process-${index}`);
  await mkdir(own, { recursive: true });
  return own;
}
