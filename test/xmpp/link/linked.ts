import { test, type TestContext } from 'node:test';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { LinkOptions, LinkStatus } from '../../../src/xmpp/link/link.ts';
import { createLink, type Link } from '../../../src/xmpp/link/link.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';
import { createSecret } from '../../support/secret.ts';
import { recordedLog } from '../../support/telemetry.ts';
import { type Peer, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

/** A link to a scripted server, with a clock that stands still. */
export interface Linked {
  readonly server: ScriptedServer;
  readonly link: Link;
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  /** Log lines. */
  readonly lines: string[];
  /** Starts the link and accepts it. */
  readonly online: () => Promise<Peer>;
  /** Advances past the back-off and accepts the next connection. */
  readonly again: () => Promise<Peer>;
  /** Resolves when the status is of this kind; no time has to pass. */
  readonly until: (kind: LinkStatus['kind']) => Promise<void>;
  /** Advances second by second, as timers fall due. */
  readonly pass: (seconds: number) => void;
}

export const pingIq = (id: string, from = 'romeo@example.org/x') =>
  `<iq type='get' id='${id}' from='${from}' to='push.example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
export const pong = (id: string, to = 'romeo@example.org/x') =>
  `<iq type='result' id='${id}' from='push.example.org' to='${to}'/>`;

export async function startLinked(
  t: TestContext,
  options: Partial<LinkOptions> = {},
  given?: ScriptedServer,
): Promise<Linked> {
  const server = given ?? (await startScriptedServer());
  const clock = manualClock();
  const metrics = createMetrics('test');
  const { log, lines } = recordedLog();
  const link = createLink({
    service: server.service,
    domain: 'push.example.org',
    secret: createSecret('s3cret'),
    handle: () => ({ kind: 'result' }),
    clock,
    random: () => 0.5,
    log,
    metrics,
    ...options,
  });
  t.after(async () => {
    await server.close();
    await link.drain(0);
  });
  const linked: Linked = {
    server,
    link,
    clock,
    metrics,
    lines,
    async online() {
      link.start();
      const peer = await server.next();
      await peer.accept();
      await link.whenOnline();
      return peer;
    },
    async again() {
      await linked.until('waiting');
      const { status } = link;
      if (status.kind === 'waiting') clock.advance(status.retryInMs);
      const peer = await server.next();
      await peer.accept();
      await link.whenOnline();
      return peer;
    },
    until: (kind) => until(() => link.status.kind === kind),
    pass(seconds) {
      for (let each = 0; each < seconds; each += 1) clock.advance(1_000);
    },
  };
  return linked;
}

/** Turns the event loop until the condition holds, or for so long that it never will. */
export async function until(holds: () => boolean): Promise<void> {
  const startedMs = performance.now();
  while (!holds()) {
    if (performance.now() - startedMs > 20_000) throw new Error(`it never came to ${String(holds)}`);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

/** A test over sockets. If something never arrives it fails after half a minute, or after the given milliseconds. */
export function linkTest(name: string, run: (t: TestContext) => Promise<void>, timeout = 30_000): void {
  test(name, { timeout }, run);
}
