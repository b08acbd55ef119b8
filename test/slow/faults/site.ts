import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { check } from '../../../src/commands/check.ts';
import { createAcceptor } from '../../../src/harness/server/acceptor.ts';
import type { Finding } from '../../../src/core/finding.ts';
import type { Overview } from '../../../src/ops/console/overview.ts';
import type { Health } from '../../../src/ops/health-report.ts';
import { type Clock, systemClock } from '../../../src/time/clock.ts';
import { freePort } from '../../support/process.ts';
import { defaults, type Providers, type Sealpost, startProviders, startSealpost } from '../../support/sealpost.ts';

/** A line of the log, of the default level or above. */
export interface LogLine {
  readonly msg: string;
  readonly reason?: string;
  readonly hint?: string;
  readonly domain?: string;
}

/** Sealpost as an operator runs it, on a fixed ops port, between the harness's XMPP server and both providers. */
export interface Site extends Providers {
  readonly sealpost: Sealpost;
  readonly service: string;
  readonly log: readonly LogLine[];
  readiness(): Promise<Health>;
  /** What the console shows next. */
  overview(): Promise<Overview>;
  /** Text of `/metrics`. */
  metrics(): Promise<string>;
  /** What `sealpost check` says with the config that runs. */
  check(clock?: Clock): Promise<readonly Finding[]>;
  register(app: 'siskin' | 'android' | 'veteran', token: string, account?: string): Promise<string>;
  publish(nodes: readonly string[], from?: string): Promise<void>;
  /** Ends the XMPP server. */
  endXmpp(): Promise<void>;
}

export interface SiteOptions {
  /** Parts of the config that replace the usual ones. */
  readonly config?: (
    usual: { readonly xmpp: object; readonly apps: Providers['apps'] },
    at: Providers,
    made: readonly string[],
  ) => object;
  /** Options for Node, with which the server runs. */
  readonly nodeArguments?: readonly string[];
  readonly store?: string;
  /** Whether the link comes up at first. Default true. */
  readonly isLinked?: boolean;
  /** Runs before the server starts; what it makes is known to `config`. */
  readonly before?: (
    at: { readonly service: string },
    t: TestContext,
    folder: Providers & { file(name: string, text: string): Promise<string> },
  ) => Promise<readonly string[]>;
}

const token = 'admin-token-of-the-test';
const ids = { siskin: 'tigase:messenger:apns:1', android: 'fcm-xmpp-api', veteran: 'veteran' };

/** Ends with the test. */
export async function startSite(t: TestContext, options: SiteOptions = {}): Promise<Site> {
  const providers = await startProviders();
  const acceptor = await createAcceptor({
    components: new Map([['push.localhost', 's3cret']]),
    clock: systemClock,
    randomBytes,
  });
  t.after(async () => {
    await acceptor.close().catch(() => undefined);
    await providers.stop();
  });
  const save = async (name: string, text: string) => {
    await writeFile(join(providers.folder, name), text, { mode: 0o600 });
    return join(providers.folder, name);
  };
  const made = (await options.before?.(acceptor, t, { ...providers, file: save })) ?? [];
  const xmpp = { service: acceptor.service, domain: 'push.localhost', secret: 's3cret' };
  const config = {
    ...{ xmpp: [xmpp], ...defaults(providers.folder), apps: providers.apps, admin: { token } },
    ...(options.store !== undefined && { store: options.store }),
    http: { ops: { port: await freePort() }, public: { port: await freePort() } },
    ...options.config?.({ xmpp, apps: providers.apps }, providers, made),
  };
  const sealpost = await startSealpost(providers.folder, config, options.nodeArguments);
  t.after(() => sealpost.stop());
  if (options.isLinked !== false) await acceptor.whenConnected('push.localhost', 10_000);
  const file = join(providers.folder, 'sealpost.yaml');
  await writeFile(file, stringify(config), { mode: 0o600 });
  const get = (path: string) =>
    fetch(new URL(path, sealpost.opsUrl), { headers: { authorization: `Bearer ${token}` } });
  let asked = 0;

  async function ask(from: string, payload: string) {
    asked += 1;
    const id = `ask-${asked}`;
    const xml = `<iq type='set' id='${id}' from='${from}' to='push.localhost'>${payload}</iq>`;
    return acceptor.request({ id, from, to: 'push.localhost', xml }, 25_000);
  }

  return {
    ...providers,
    sealpost,
    service: acceptor.service,
    get log() {
      return sealpost.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
    },
    readiness: async () => (await (await get('/readyz')).json()) as Health,
    async overview() {
      const response = await get('/console/live');
      assert.equal(response.status, 200);
      let text = '';
      for await (const part of response.body ?? []) {
        text += Buffer.from(part as Uint8Array).toString('utf8');
        const [, data] = /^event: overview\ndata: (.*)\n\n/m.exec(text) ?? [];
        if (data !== undefined) return JSON.parse(data) as Overview;
      }
      throw new Error('the console shows nothing');
    },
    metrics: async () => (await get('/metrics')).text(),
    async check(clock = systemClock) {
      let text = '';
      const output = { write: (written: string) => (text += written) };
      await check({ args: ['--json', '--config', file], env: {}, output, clock, random: Math.random });
      return (JSON.parse(text) as { findings: Finding[] }).findings;
    },
    async register(app, deviceToken, account = `romeo-${deviceToken.slice(-6)}@localhost`) {
      const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
      const answer = await ask(
        `${account}/phone`,
        `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
          `${field('provider', ids[app])}${field('device-token', deviceToken)}</x></command>`,
      );
      assert.equal(answer.kind, 'result');
      if (answer.kind !== 'result') return '';
      const fields = answer.stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
      return fields.find((one) => one.attrs['var'] === 'node')?.getChildText('value') ?? '';
    },
    async publish(nodes, from = 'localhost') {
      await Promise.all(
        nodes.map((node) =>
          ask(
            from,
            `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
              `<notification xmlns='urn:xmpp:push:0'><priority xmlns='tigase:push:priority:0'>high</priority>` +
              `</notification></item></publish></pubsub>`,
          ),
        ),
      );
    },
    endXmpp: () => acceptor.close(),
  };
}
