/** The server and its floor, both warm, which take turns. */
import { describeDifference } from './floor-payload.ts';
import { type Expectation, type Sample, type Subject, takeSample } from './measure.ts';
import { type Child, startChild } from './processes.ts';
import { domains, type FloorCalls, type Load, type ProviderName, type PushRequest } from './protocol.ts';
import type { Store } from './stores.ts';
import type { MeasuredServer, ServerStart, World } from './world.ts';

export interface PairStart extends ServerStart {
  readonly provider: ProviderName;
  /** Number of notifications before measuring, and the largest window among the measured ones. */
  readonly warmUp: { readonly count: number; readonly window: number };
  /** Options for Node of the floor. */
  readonly floorArguments?: readonly string[];
}

export interface Pair extends AsyncDisposable {
  readonly server: MeasuredServer;
  readonly floor: Subject;
  /** Why the comparison is unfair, in words; empty if the floor sends what the server sends. */
  readonly problems: readonly string[];
  /** Measures both with the same load, so many times in turn. */
  alternate(load: Load, rounds: number): Promise<readonly { readonly server: Sample; readonly floor: Sample }[]>;
}

/** Requests of each that are compared. */
const compared = 200;

/** Starts both and warms them up. The floor learns from the server's requests what to send. */
export async function startPair(world: World, start: PairStart): Promise<Pair> {
  const { store, provider, warmUp, floorArguments = [] } = start;
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await world.startServer(start));
  await warm(world, server, { store, provider, warmUp });
  const { standIn, ...target } = world.providers[provider];
  const sent = await standIn.call('latest', { count: compared });
  const [template] = sent;
  if (!template) throw new Error(`no push of ${provider} came; the server's log: ${server.complaint}`);

  const child = opened.use(
    startChild<FloorCalls>({ file: 'floor.ts', signal: world.signal, nodeArguments: floorArguments }),
  );
  await child.call('connect', {
    service: world.service,
    provider,
    target: { origin: target.origin, ca: target.ca },
    template,
    devices: await world.generator.call('devices', { store: store.name, provider }),
    folder: await world.createFolder(),
  });
  const floor = subjectOf(child);
  await warm(world, floor, { store, provider, warmUp });
  const problems = compare(provider, sent, await standIn.call('latest', { count: compared }));
  const closing = opened.move();

  return {
    server,
    floor,
    problems,
    async alternate(load, rounds) {
      const results = [];
      for (let round = 1; round <= rounds; round += 1) {
        const measure = (subject: Subject) => takeSample(world, subject, { store: store.name, provider, load });
        // Whoever comes second finds a busier machine, so they change places.
        if (round % 2 === 1) {
          const first = await measure(floor);
          results.push({ floor: first, server: await measure(server) });
        } else {
          const first = await measure(server);
          results.push({ server: first, floor: await measure(floor) });
        }
      }
      return results;
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

function subjectOf(child: Child<FloorCalls>): Subject {
  return {
    name: 'floor',
    domain: domains.floor,
    usage: () => child.call('usage', undefined),
    resetPeak: () => child.call('resetPeak', undefined),
  };
}

/**
 * Publishes without measuring, so that code is compiled and connections are open. The last third goes out in the largest
 * window, which opens the most connections.
 * @throws Error if the subject did not accept all
 */
export async function warm(
  world: World,
  subject: Subject,
  {
    store,
    provider,
    warmUp: { count, window },
  }: { readonly store: Store; readonly provider: ProviderName; readonly warmUp: PairStart['warmUp'] },
  expectation: Expectation = {},
): Promise<void> {
  const last = Math.ceil(count / 3);
  for (const load of [
    { count: count - last, window: 50 },
    { count: last, window: Math.max(window, 50) },
  ]) {
    const { problems } = await takeSample(world, subject, { store: store.name, provider, load }, expectation);
    if (problems.length > 0) throw new Error(`warming up ${provider}: ${problems.join('; ')}`);
  }
}

/** Both published to the same devices in the same turn, so that each request of the one has its like among the other's. */
function compare(provider: ProviderName, server: readonly PushRequest[], floor: readonly PushRequest[]): string[] {
  const keyOf = ({ path, body }: PushRequest) => {
    const { message } = JSON.parse(body) as { message?: { token: string } };
    return message?.token ?? path;
  };
  const byDevice = new Map(server.map((request) => [keyOf(request), request]));
  const pairs = floor.flatMap((request) => {
    const like = byDevice.get(keyOf(request));
    return like ? [[like, request] as const] : [];
  });
  if (pairs.length === 0) return [`${provider}: no request of the floor can be compared with one of the server`];
  const differences = new Set(pairs.flatMap(([like, request]) => describeDifference(like, request)));
  return [...differences].map((difference) => `${provider}: the floor is not fair: ${difference}`);
}
