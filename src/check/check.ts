/** Checks everything that the config names, part by part, without disturbing a server that runs with it. */
import type { Config } from '../config/config.ts';
import { findClientNeeds } from '../config/client-needs.ts';
import { type ExposureOptions, findExposure } from '../config/exposure.ts';
import type { Finding } from '../core/finding.ts';
import { opening } from '../http/listen-error.ts';
import { checkNodeKey } from '../nodes/check-key.ts';
import { checkApp } from '../providers/all.ts';
import { type ClockWatch, createClockWatch } from '../providers/clock-watch.ts';
import { checkStore } from '../store/check.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Random } from '../time/clock.ts';
import { checkLinks } from './links.ts';
import { askRunningServer, type RunningServer } from './running-server.ts';

export interface CheckOptions extends Pick<ExposureOptions, 'files' | 'uid'> {
  readonly config: Config;
  /** Whether nothing may be asked over the network. */
  readonly offline: boolean;
  /** Resolves if DNS, or the hosts file, has an address for a name. */
  readonly lookup: (name: string) => Promise<unknown>;
  /** Opens a port for a moment; rejects with the system's error. */
  readonly tryListening: (address: { readonly host: string; readonly port: number }) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the parts that are tried; silent, since the findings say it all. */
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Yields each finding as soon as it is known. */
export async function* checkAll(options: CheckOptions): AsyncGenerator<Finding> {
  const { config, offline, files, uid, clock, random, log, metrics } = options;
  const { origin, apps, nodes, store, postgres, http, xmpp } = config;
  yield* checkFiles({ origin, files, uid });
  for (const { app, problem, hint } of findClientNeeds(apps)) {
    yield { part: `app:${app}`, status: 'warn', message: problem, hint };
  }
  yield { part: 'node-key', ...checkNodeKey(nodes, store.kind === 'sqlite' ? store.path : undefined) };
  // PostgreSQL on another machine is the network, too.
  const stored =
    offline && store.kind === 'postgres' ? undefined : await checkStore({ store, postgres, clock, random });
  if (stored) yield { part: 'store', ...stored.finding };
  const clockWatch = createClockWatch({ clock, log });
  for (const app of apps) {
    const environment = { ...config.credentials, clockWatch, clock, random, log, metrics, offline };
    for await (const finding of checkApp(app, environment)) yield { part: `app:${app.name}`, ...finding };
  }
  yield* describeClock(clockWatch);
  if (offline) return;
  const server = await askRunningServer(http.ops);
  if (server) yield* describeServer(server);
  else if (stored?.isServed !== true) yield* checkPorts(options);
  const isServed = stored?.isServed === true;
  yield* checkLinks({ links: xmpp, server, isServed, clock, log, metrics });
  for (const { domain } of xmpp) yield checkName(domain, options);
}

/** Nothing where no provider told its time. */
function* describeClock({ concern, isKnown }: ClockWatch): Generator<Finding> {
  if (concern) yield { part: 'clock', status: 'fail', message: concern.reason, hint: concern.hint };
  else if (isKnown)
    yield { part: 'clock', status: 'pass', message: 'the clock of this machine agrees with the providers' };
}

function* checkFiles(options: ExposureOptions): Generator<Finding> {
  const found = findExposure(options);
  for (const { file, problem, hint } of found)
    yield { part: 'files', status: 'warn', message: `${file}: ${problem}`, hint };
  if (found.length === 0) {
    yield { part: 'files', status: 'pass', message: 'no other user can read or change the files with secrets' };
  }
}

/** Whatever troubles the running server is found here, too. */
function* describeServer({ status, checks }: RunningServer): Generator<Finding> {
  yield { part: 'server', status: 'pass', message: `a server runs with this config; its health is ${status}` };
  for (const [part, check] of Object.entries(checks)) {
    if (check.status === 'pass' || part.startsWith('link:')) continue;
    const { reason = check.status, hint } = check;
    yield {
      part,
      status: check.status,
      message: `the running server says: ${reason}`,
      ...(hint !== undefined && { hint }),
    };
  }
}

async function* checkPorts({ config: { http }, tryListening }: CheckOptions): AsyncGenerator<Finding> {
  for (const [part, address] of [
    ['http.ops', http.ops],
    ['http.public', http.public],
  ] as const) {
    try {
      await opening(part, address, tryListening(address));
      yield { part, status: 'pass', message: `port ${address.port} is free` };
    } catch (error) {
      const [message = '', hint = ''] = (error instanceof Error ? error.message : '').split('\n');
      yield {
        part,
        status: 'fail',
        message: message.replace(`${part}: `, ''),
        ...(hint !== '' && { hint: hint.trim() }),
      };
    }
  }
}

async function checkName(domain: string, { lookup }: CheckOptions): Promise<Finding> {
  const part = `dns:${domain}`;
  try {
    await lookup(domain);
    return { part, status: 'pass', message: `${domain} has an address` };
  } catch {
    const hint =
      'Give it an address record, whichever: without one ejabberd and MongooseIM delete registrations while Sealpost is away.';
    return { part, status: 'warn', message: `${domain} has no address in DNS`, hint };
  }
}
