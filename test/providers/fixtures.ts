import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClockWatch } from '../../src/providers/clock-watch.ts';
import type { TestContext } from 'node:test';
import { clearTimeout, setTimeout } from 'node:timers';
import { type Clock, type Random, systemClock } from '../../src/time/clock.ts';
import { type ApnsStandIn, type ApnsStandInOptions, createApnsStandIn } from '../../src/harness/stand-ins/apns.ts';
import { createApnsKey, createServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import { createFcmStandIn, type FcmStandIn } from '../../src/harness/stand-ins/fcm.ts';
import { createApns } from '../../src/providers/apns/client.ts';
import type { ProviderTokens } from '../../src/providers/apns/provider-tokens.ts';
import { createFcm } from '../../src/providers/fcm/client.ts';
import { type ApnsApp, apnsTraits } from '../../src/providers/apns/settings.ts';
import type { Device, Provider } from '../../src/providers/provider.ts';
import { type FcmApp, fcmTraits } from '../../src/providers/fcm/settings.ts';
import type { Push } from '../../src/core/push.ts';
import type { Secret } from '../../src/core/secret.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { manualClock, turns } from '../support/clock.ts';
import { quietTelemetry } from '../support/telemetry.ts';

export const apnsToken = 'ab'.repeat(32);
export const fcmToken = 'fcmInst:APA91bExample';
export const account = 'romeo@example.net';

export function secretOf(value: string): Secret {
  return { reveal: () => value, toString: () => '[secret]' };
}

export function pushOf(given: Partial<Push> = {}): Push {
  return {
    id: randomUUID(),
    app: 'messenger',
    node: 'node',
    kind: 'alert',
    account,
    content: { kind: 'sealed', ciphertext: 'Y2lwaGVydGV4dA==', iv: 'aXY=' },
    expiresAtMs: Date.UTC(2027, 0, 1),
    ...given,
  };
}

export function deviceOf(token: string, given: Partial<Device> = {}): Device {
  return { token, registeredAtMs: Date.UTC(2026, 0, 1), ...given };
}

const common = {
  name: 'messenger',
  ids: ['tigase:messenger:apns:1'],
  conventions: ['tigase'],
  plaintext: 'withhold',
  absentPriority: 'background',
  unimportant: 'carry',
  ttlMs: 7 * 86_400_000,
  backgroundIntervalMs: 20_000,
  inFlight: 500,
} as const;

export const wording = {
  alert: { body: 'New message!', sound: 'default' },
  call: { body: 'Incoming call', sound: 'default' },
} as const;

export const topic = 'org.example.messenger';

/** One sender, one stand-in, and what was counted. */
export interface Scene<S> {
  readonly provider: Provider;
  readonly standIn: S;
  readonly metrics: Metrics;
  /** @param deadlineMs default: the scene's, which is long */
  send(
    token?: string,
    push?: Partial<Push>,
    device?: Partial<Device>,
    deadlineMs?: number,
  ): ReturnType<Provider['send']>;
}

/**
 * Limits for more pushes at once than a busy machine sends in the usual time: no deadline passes and no connection
 * counts as silent, and a push that never ends still gets its time-out.
 */
export function unhurried(): { readonly clock: Clock; readonly deadlineMs: number } {
  const { now, monotonic } = manualClock();
  const after: Clock['after'] = (delayMs, run) => {
    // Imported, so that it runs on in tests that stop undici's clock.
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  };
  return { clock: { now, monotonic, after }, deadlineMs: 240_000 };
}

/** Drains a provider whose peer is gone. After a failed test it may wait for a clock that stands still. */
async function drained(provider: Provider): Promise<void> {
  await Promise.race([provider.drain(), turns(1000)]);
}

export interface ApnsSceneOptions {
  readonly clockWatch?: Pick<ClockWatch, 'note'>;
  readonly app?: Partial<ApnsApp>;
  readonly standIn?: Partial<ApnsStandInOptions>;
  readonly clock?: Clock;
  /** Default: true randomness. */
  readonly random?: Random;
  readonly tokens?: ProviderTokens;
  /** The origin that the provider uses for the stand-in. */
  readonly endpoint?: (origin: string) => Promise<string> | string;
  /** Milliseconds for a push; default 30 s, so that a busy machine fails no test. */
  readonly deadlineMs?: number;
}

/** Ends with the test. */
export async function apnsScene(
  t: TestContext,
  options: ApnsSceneOptions = {},
): Promise<Scene<ApnsStandIn> & { app: ApnsApp }> {
  const { clock = systemClock, random = Math.random, deadlineMs = 30_000, tokens } = options;
  const key = await createApnsKey();
  const ids = { keyId: 'ABC1234567', teamId: 'TEAM123456' };
  const standIn = await createApnsStandIn({
    keys: [{ ...ids, publicKey: key.publicKey }],
    topics: [topic],
    clock,
    ...options.standIn,
  });
  const app: ApnsApp = {
    ...common,
    provider: 'apns',
    ...apnsTraits,
    topic,
    credentials: { kind: 'token', key: secretOf(key.privateKey), ...ids },
    environment: 'production',
    ...wording,
    endpoint: (await options.endpoint?.(standIn.origin)) ?? standIn.origin,
    ca: standIn.ca,
    ...options.app,
  };
  const { log, metrics } = quietTelemetry();
  const { clockWatch } = options;
  const provider = createApns({
    ...{ app, clock, random, log, metrics },
    ...(tokens && { tokens }),
    ...(clockWatch && { clockWatch }),
  });
  t.after(async () => {
    await standIn.close();
    await drained(provider);
  });
  return {
    app,
    provider,
    standIn,
    metrics,
    send: (token = apnsToken, push = {}, device = {}, withinMs = deadlineMs) =>
      provider.send(pushOf(push), deviceOf(token, device), withinMs),
  };
}

export interface FcmSceneOptions {
  readonly clockWatch?: Pick<ClockWatch, 'note'>;
  readonly app?: Partial<FcmApp>;
  readonly endpoint?: (origin: string) => Promise<string> | string;
  readonly clock?: Clock;
  readonly deadlineMs?: number;
}

/** Ends with the test. */
export async function fcmScene(
  t: TestContext,
  options: FcmSceneOptions = {},
): Promise<Scene<FcmStandIn> & { app: FcmApp; folder: string }> {
  const { clock = systemClock, deadlineMs = 30_000 } = options;
  const serviceAccount = await createServiceAccount('example');
  const standIn = await createFcmStandIn({ account: serviceAccount, clock });
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-fcm-'));
  const serviceAccountFile = join(folder, 'service-account.json');
  writeFileSync(serviceAccountFile, serviceAccount.json);
  const app: FcmApp = {
    ...common,
    provider: 'fcm',
    ...fcmTraits,
    serviceAccountFile,
    projectId: 'example',
    endpoint: (await options.endpoint?.(standIn.origin)) ?? standIn.origin,
    tokenEndpoint: standIn.tokenOrigin,
    ca: standIn.ca,
    ...options.app,
  };
  const { log, metrics } = quietTelemetry();
  const { clockWatch } = options;
  const provider = createFcm({ app, clock, random: Math.random, log, metrics, ...(clockWatch && { clockWatch }) });
  t.after(async () => {
    await standIn.close();
    await drained(provider);
    rmSync(folder, { recursive: true });
  });
  return {
    app,
    folder,
    provider,
    standIn,
    metrics,
    send: (token = fcmToken, push = {}, device = {}, withinMs = deadlineMs) =>
      provider.send(pushOf(push), deviceOf(token, device), withinMs),
  };
}

/** Values of a counter or gauge by the values of its labels, without zeros. */
export async function valuesOf(metric: Metrics['attempts' | 'oversize']): Promise<Record<string, number>> {
  const { values } = await metric.get();
  return Object.fromEntries(
    values
      .filter(({ value }) => value !== 0)
      .map(({ labels, value }) => [
        Object.entries(labels as Record<string, string>)
          .filter(([name]) => name !== 'app')
          .map(([, label]) => label)
          .join(' '),
        value,
      ]),
  );
}
