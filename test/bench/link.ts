import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { component } from '@xmpp/component';
import { systemClock } from '../../src/time/clock.ts';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { createComponent } from '../../src/xmpp/services/component.ts';
import { createLink } from '../../src/xmpp/link/link.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';

// Usage: `node test/bench/link.ts`. Compares only the link, Sealpost's with @xmpp/component unchanged, in turns;
// everything behind it answers at once.

const count = 30_000;
const rounds = 5;
const [kind, service = ''] = process.argv.slice(2);

if (kind === 'sealpost') {
  const { log, metrics } = quietTelemetry();
  const unused = () => Promise.reject(new Error('not part of this measurement'));
  const handlers = {
    deliver: () => Promise.resolve('result' as const),
    register: unused,
    unregister: unused,
    largestCiphertext: () => 3072,
  };
  const parts = { domain: 'push.localhost', clock: systemClock, log, metrics };
  const handle = createComponent({ ...parts, apps: [], handlers, version: 'bench' });
  createLink({ ...parts, service, secret: createSecret('s3cret'), handle, random: Math.random }).start();
  reportUsage();
} else if (kind === 'library') {
  const entity = component({ service, domain: 'push.localhost', password: 's3cret' } as never) as unknown as {
    on(event: 'error', listener: () => void): void;
    start(): Promise<unknown>;
    iqCallee: { set(namespace: string, name: string, handler: () => boolean): void };
  };
  entity.on('error', () => {});
  entity.iqCallee.set('http://jabber.org/protocol/pubsub', 'pubsub', () => true);
  await entity.start();
  reportUsage();
} else {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const library = await measure('library');
    const sealpost = await measure('sealpost');
    ratios.push(sealpost / library);
    console.log(`@xmpp/component ${library.toFixed(1)} µs   Sealpost ${sealpost.toFixed(1)} µs   a publish, CPU`);
  }
  console.log(`ratio, median of ${rounds}: ${ratios.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]?.toFixed(2)}`);
}

function reportUsage(): void {
  process.on('message', () => process.send?.(process.cpuUsage()));
}

/** CPU microseconds of one publish in a process of its own, after a warm-up. */
async function measure(which: 'library' | 'sealpost'): Promise<number> {
  const acceptor = await createAcceptor({
    components: new Map([['push.localhost', 's3cret']]),
    clock: systemClock,
    randomBytes,
  });
  const child = fork(import.meta.filename, [which, acceptor.service]);
  const connection = await acceptor.whenConnected('push.localhost', 10_000);
  const ciphertext = randomBytes(900).toString('base64');
  const write = (index: number, id: string) =>
    `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${String(index).padStart(32, 'n')}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>${ciphertext}</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`;
  const load = (publishes: number, idPrefix: string) =>
    blast({ acceptor, connection, clock: systemClock, count: publishes, window: 200, write, idPrefix });
  await load(5_000, 'warm');
  const before = await usageOf(child);
  const report = await load(count, 'load');
  const after = await usageOf(child);
  child.kill();
  await once(child, 'exit');
  await acceptor.close();
  if (report.answers.get('result') !== count) throw new Error(`answers: ${JSON.stringify([...report.answers])}`);
  return (after.user + after.system - before.user - before.system) / count;
}

async function usageOf(child: ReturnType<typeof fork>): Promise<NodeJS.CpuUsage> {
  child.send('usage');
  const [usage] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return usage;
}
