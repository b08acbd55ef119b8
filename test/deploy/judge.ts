/** The harness as the XMPP server and both providers of an installed Sealpost, and what its operator then fills in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseDocument } from 'yaml';
import { eventually } from '../support/process.ts';
import type { Network } from './container.ts';
import { root } from './page.ts';

interface Settings {
  readonly apns: {
    readonly endpoint: string;
    readonly ca: string;
    readonly topic: string;
    readonly key: { readonly file: string; readonly id: string; readonly team: string };
  };
  readonly fcm: {
    readonly endpoint: string;
    readonly tokenEndpoint: string;
    readonly ca: string;
    readonly serviceAccount: string;
  };
}

export interface Judge {
  readonly settings: Settings;
  /** Secret of the component push.example.com. */
  readonly secret: string;
  /** Resolves when sealed messages were played to both providers, or the component did not come. */
  readonly verdict: Promise<{ readonly code: number; readonly report: string }>;
  stop(): void;
}

/** @param settingsFile where the harness writes its settings; it must not be there yet */
export async function startJudge(network: Network, settingsFile: string): Promise<Judge> {
  const secret = 's3cret';
  const command = [process.execPath, join(root, 'bin/sealpost.js'), 'harness', 'serve', '--listen', '127.0.0.1:5347'];
  const options = ['--domain', 'push.example.com', '--secret', secret, '--settings', settingsFile];
  const scope = ['--only', 'sealed-message', '--within', '60'];
  const child = spawn('nsenter', [`--net=${network.path}`, ...command, ...options, ...scope], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
  const settings = await eventually('settings of the harness', () =>
    existsSync(settingsFile) ? (JSON.parse(readFileSync(settingsFile, 'utf8')) as Settings) : undefined,
  );
  return {
    settings,
    secret,
    verdict: ended.then(([report, [code]]) => ({ report, code: code as number })),
    stop: () => child.kill('SIGKILL'),
  };
}

export interface Filled {
  readonly judge: Judge;
  /** The config that is filled in. */
  readonly config: string;
  /** The folders for keys and secrets. */
  readonly certs: string;
  readonly secrets: string;
  /** Where the config finds the authorities of the stand-ins, which are put into `certs`. */
  readonly authorities: string;
}

/** What the operator does by hand: keys and secret into their folders, ids and addresses into the config. */
export function fillIn({ judge, config: file, certs, secrets, authorities }: Filled): void {
  const { apns, fcm } = judge.settings;
  const keys = [
    [apns.ca, 'apns-ca.pem'],
    [apns.key.file, 'AuthKey_ABC1234567.p8'],
    [fcm.ca, 'fcm-ca.pem'],
    [fcm.serviceAccount, 'service-account.json'],
  ] as const;
  for (const [key, name] of keys) cpSync(key, join(certs, name));
  writeFileSync(join(secrets, 'component'), judge.secret);
  const config = parseDocument(readFileSync(file, 'utf8'));
  config.setIn(['xmpp', 0, 'service'], 'xmpp://127.0.0.1:5347');
  config.setIn(['apps', 'siskin', 'endpoint'], apns.endpoint);
  config.setIn(['apps', 'siskin', 'ca'], `${authorities}/apns-ca.pem`);
  config.setIn(['apps', 'siskin', 'topic'], apns.topic);
  config.setIn(['apps', 'siskin', 'key', 'id'], apns.key.id);
  config.setIn(['apps', 'siskin', 'key', 'team'], apns.key.team);
  for (const key of ['endpoint', 'tokenEndpoint'] as const) config.setIn(['apps', 'android', key], fcm[key]);
  config.setIn(['apps', 'android', 'ca'], `${authorities}/fcm-ca.pem`);
  writeFileSync(file, config.toString());
}
