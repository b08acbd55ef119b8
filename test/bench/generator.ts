/** The process of the XMPP server: accepts components, registers devices, publishes in great numbers. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/time/clock.ts';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { answerCalls } from './calls.ts';
import { createDevice, publishTo, readNode, type Registered, registerStanza } from './devices.ts';
import {
  componentSecret,
  domains,
  type GeneratorCalls,
  type Load,
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
const registered: Record<ProviderName, Registered[]> = { apns: [], fcm: [] };
let blasts = 0;

answerCalls<GeneratorCalls>({
  listen: () => ({ service: acceptor.service }),
  async connected({ domain }) {
    await acceptor.whenConnected(domain, connectWithinMs);
    return undefined;
  },
  async register({ provider, devices }) {
    for (let first = 0; first < devices; first += registerWindow) {
      const numbers = Array.from({ length: Math.min(registerWindow, devices - first) }, (_, i) => first + i);
      registered[provider].push(...(await Promise.all(numbers.map((number) => register(provider, number)))));
    }
    return undefined;
  },
  blast: ({ domain, provider, load }) => publish(domain, provider, load),
});

async function register(provider: ProviderName, number: number): Promise<Registered> {
  const device = createDevice(provider, number);
  const id = `register-${provider}-${number}`;
  const from = `${device.account}/phone`;
  const to = domains.server;
  const answer = await acceptor.request(
    { id, from, to, xml: registerStanza({ id, from, to }, device) },
    answerWithinMs,
  );
  const node = answer.kind === 'result' ? readNode(answer.stanza) : undefined;
  if (node === undefined) throw new Error(`registering was answered ${answer.kind}`);
  return { home: device.home, publish: publishTo(node) };
}

async function publish(domain: string, provider: ProviderName, { count, window }: Load): Promise<LoadReport> {
  const devices = registered[provider];
  const connection = await acceptor.whenConnected(domain, connectWithinMs);
  blasts += 1;
  const report = await blast({
    acceptor,
    connection,
    clock: systemClock,
    count,
    window,
    idPrefix: `publish-${blasts}`,
    write(index, id) {
      const device = devices[index % devices.length] as Registered;
      return `<iq type='set' from='${device.home}' to='${domain}' id='${id}${device.publish}`;
    },
  });
  const latenciesMs = report.latenciesMs.filter((latencyMs) => !Number.isNaN(latencyMs));
  return {
    count,
    durationMs: report.durationMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    answers: {
      ...Object.fromEntries(report.answers),
      ...(report.unanswered > 0 && { none: report.unanswered }),
    },
  };
}
