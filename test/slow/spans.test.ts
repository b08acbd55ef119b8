import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/process.ts';
import { startWorld } from '../support/sealpost.ts';

/** One span, as the exporter below writes it. */
interface WrittenSpan {
  readonly name: string;
  readonly id: string;
  readonly parent?: string;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An SDK as an operator loads it, whose exporter appends each span to a file. */
const sdkInto = (file: string) => `
import { appendFileSync } from 'node:fs';
import { trace } from ${JSON.stringify(import.meta.resolve('@opentelemetry/api'))};
import { SimpleSpanProcessor, TracerProvider } from ${JSON.stringify(import.meta.resolve('@opentelemetry/sdk-trace'))};
const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, attributes } = span;
      const links = span.links.map(({ context }) => context.spanId);
      const written = { name, id: span.spanContext().spanId, parent: span.parentSpanContext?.spanId, links, attributes };
      appendFileSync(${JSON.stringify(file)}, JSON.stringify(written) + '\\n');
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
  forceFlush: async () => {},
};
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
`;

const ciphertext = Buffer.from('romeo, romeo, wherefore art thou romeo').toString('base64');

const publish = (id: string, node: string) =>
  `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
  `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>${ciphertext}</encrypted>` +
  `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`;

test('spans - an SDK that Node loads first gets each notification and attempt, over both providers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-spans-'));
  const file = join(folder, 'spans.jsonl');
  await writeFile(file, '');
  await writeFile(join(folder, 'otel.mjs'), sdkInto(file));
  const world = await startWorld({}, ['--import', join(folder, 'otel.mjs')]);
  try {
    const spans = async (count: number) =>
      eventually('the spans', async () => {
        const lines = (await readFile(file, 'utf8')).trim().split('\n');
        return lines.length >= count ? lines.map((line) => JSON.parse(line) as WrittenSpan) : undefined;
      });
    const tokens = { apns: 'd0'.repeat(32), fcm: `fcm-${'t'.repeat(140)}` };
    const siskin = { account: 'capulet@localhost', provider: 'tigase:messenger:apns:1', token: tokens.apns };
    const android = { account: 'capulet@localhost', provider: 'fcm-xmpp-api', token: tokens.fcm };
    const nodes = [await world.register(siskin), await world.register(android)];

    world.apns.script(tokens.apns, { status: 429, reason: 'TooManyRequests', times: 1 });
    await world.ask(publish('p1', nodes[0] ?? ''));
    await spans(3);
    world.fcm.script(tokens.fcm, { status: 404, reason: 'UNREGISTERED', times: 1 });
    await world.ask(publish('p2', nodes[1] ?? ''));
    const all = await spans(5);
    const told = all.map(({ name, attributes: { ...of } }) => [
      ...[name, of['sealpost.app'], of['sealpost.provider'], of['sealpost.result'], of['http.response.status_code']],
      ...[of['sealpost.component'], of['sealpost.convention'], of['sealpost.outcome'], of['sealpost.answer']],
    ]);
    const none = [undefined, undefined, undefined, undefined];
    const notified = (app: string, outcome: string, answer: string) => [
      ...['sealpost notification', app, undefined, undefined, undefined],
      ...['push.localhost', 'tigase', outcome, answer],
    ];
    assert.deepEqual(told, [
      ['sealpost attempt', 'siskin', 'apns', 'retry', 429, ...none],
      notified('siskin', 'queued', 'result'),
      ['sealpost attempt', 'siskin', 'apns', 'accepted', 200, ...none],
      ['sealpost attempt', 'android', 'fcm', 'dead-token', 404, ...none],
      notified('android', 'gone', 'item-not-found'),
    ]);
    const [first, notification, second] = all;
    assert.deepEqual([first?.parent, second?.links], [notification?.id, [notification?.id]]);

    const written = await readFile(file, 'utf8');
    for (const secret of [...Object.values(tokens), ...nodes, ciphertext, 'AAECAwQFBgcICQoL', 'capulet', 's3cret']) {
      assert.ok(!written.includes(secret), secret);
    }
  } finally {
    await world.stop();
    await rm(folder, { recursive: true });
  }
});
