/** The process of the XMPP server: accepts components, registers devices, publishes in great numbers. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/time/clock.ts';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { answerCalls } from './calls.ts';
import { createDevice, publishTo, readNode, type Registered, registerStanza } from './devices.ts';
import { sendPaced } from './paced.ts';
import {
  type Blast,
  componentSecret,
  type DeviceSet,
  domains,
  type GeneratorCalls,
  type LoadReport,
  type ProviderName,
} from './protocol.ts';
import { quantile } from './statistics.ts';

const connectWithinMs = 20_000;
const answerWithinMs = 20_000;
/** Registrations requested at a time. */
const registerWindow = 100;

const acceptor = await createAcceptor({
  components: new Map(Object.values(domains).map((domain) => [domain, componentSecret])),
  clock: systemClock,
  randomBytes,
  // A server that was just stopped may still be connected when the next one arrives.
  onConflict: 'replace-old',
});
const sets = new Map<string, Registered[]>();
let blasts = 0;
let strangers = 0;

answerCalls<GeneratorCalls>({
  listen: () => ({ service: acceptor.service }),
  async connected({ domain }) {
    await acceptor.whenConnected(domain, connectWithinMs);
    return undefined;
  },
  async register({ devices, ...set }) {
    const registered = devicesOf(set);
    for (let first = registered.length; first < devices; first += registerWindow) {
      const numbers = Array.from({ length: Math.min(registerWindow, devices - first) }, (_, i) => first + i);
      registered.push(...(await Promise.all(numbers.map((number) => register(set.provider, number)))));
    }
    return undefined;
  },
  adopt({ devices, ...set }) {
    const registered = devicesOf(set);
    for (const device of devices) registered.push({ ...device, publish: publishTo(device.node) });
    return undefined;
  },
  devices: (set) => devicesOf(set).map(({ home, account, token, node }) => ({ home, account, token, node })),
  blast: publish,
});

function devicesOf({ store, provider }: DeviceSet): Registered[] {
  const key = `${store} ${provider}`;
  const found = sets.get(key) ?? [];
  sets.set(key, found);
  return found;
}

async function register(provider: ProviderName, number: number): Promise<Registered> {
  const { providerId, ...device } = createDevice(provider, number);
  const id = `register-${provider}-${number}`;
  const from = `${device.account}/phone`;
  const to = domains.server;
  const answer = await acceptor.request(
    { id, from, to, xml: registerStanza({ id, from, to }, { ...device, providerId }) },
    answerWithinMs,
  );
  const node = answer.kind === 'result' ? readNode(answer.stanza) : undefined;
  if (node === undefined) throw new Error(`registering was answered ${answer.kind}`);
  return { ...device, node, publish: publishTo(node) };
}

async function publish({ domain, load, withStrangers = false, ...set }: Blast): Promise<LoadReport> {
  const devices = devicesOf(set);
  if (devices.length === 0) throw new Error(`no devices of ${set.provider} in the store ${set.store}`);
  const connection = await acceptor.whenConnected(domain, connectWithinMs);
  blasts += 1;
  const common = {
    acceptor,
    connection,
    clock: systemClock,
    count: load.count,
    idPrefix: `publish-${blasts}`,
    write(index: number, id: string) {
      if (withStrangers && index % 2 === 1) return writeStranger(domain, id);
      const device = devices[(withStrangers ? index >> 1 : index) % devices.length] as Registered;
      return `<iq type='set' from='${device.home}' to='${domain}' id='${id}${device.publish}`;
    },
  };
  const report =
    'window' in load
      ? await blast({ ...common, window: load.window })
      : await sendPaced({ ...common, perSecond: load.perSecond, answerWithinMs });
  const latenciesMs = report.latenciesMs.filter((latencyMs) => !Number.isNaN(latencyMs));
  return {
    count: load.count,
    durationMs: report.durationMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    answers: {
      ...Object.fromEntries(report.answers),
      ...(report.unanswered > 0 && { none: report.unanswered }),
    },
  };
}

/** A publish to a node that nobody has, from a server that never published before. */
function writeStranger(domain: string, id: string): string {
  strangers += 1;
  const node = randomBytes(80).toString('base64url');
  return `<iq type='set' from='stranger-${strangers}.example' to='${domain}' id='${id}${publishTo(node)}`;
}
