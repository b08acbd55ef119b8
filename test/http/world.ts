import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createPublicListener } from '../../src/http/public.ts';
import { addPushAppserver } from '../../src/http/push-appserver.ts';
import type { ApiApp } from '../../src/http/registration-routes.ts';
import { addRegistrations, type RegistrationsOptions } from '../../src/http/registrations.ts';
import type { Answer } from '../../src/core/answers.ts';
import type { App } from '../../src/core/app.ts';
import type { Notification } from '../../src/core/notification.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import { openRegistryHere } from '../support/store.ts';
import { nodeNames } from '../support/nodes.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf, fcmAppOf } from '../support/registrations.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

export const tokens = { siskin: 'siskin-0123456789-0123456789', android: 'android-0123456789-0123456789' };

export const apiApps: readonly ApiApp[] = [
  { name: 'siskin', provider: 'apns', takesSecondToken: true, token: createSecret(tokens.siskin) },
  { name: 'android', provider: 'fcm', takesSecondToken: false, token: createSecret(tokens.android) },
];

const v1Apps: readonly App[] = [apnsAppOf({ conventions: ['v1'] }), fcmAppOf({ conventions: ['tigase', 'v1'] })];

export const apnsToken = 'ab'.repeat(32);

/** The public listener on a real store. Time stands still, so that every limit is reached by counting. */
export async function startPublic(
  t: TestContext,
  over: Partial<RegistrationsOptions> & {
    failing?: (registry: Registry) => Partial<Registry>;
    answer?: Answer;
    v1?: readonly App[];
  } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-http-'));
  const clock = manualClock();
  const { metrics } = quietTelemetry();
  const { log, lines } = recordedLog();
  const store = { kind: 'sqlite', path: join(folder, 'sealpost.db') } as const;
  const stored = await openRegistryHere({ store, clock, nodes: nodeNames(), log: quietTelemetry().log, metrics });
  const registry = { ...stored, ...over.failing?.(stored) };
  const notifications: Notification[] = [];
  const parts = { registry, clock, log, metrics };
  const listener = await createPublicListener({
    host: '127.0.0.1',
    port: 0,
    trustProxy: ['loopback'],
    domains: ['push.example.org'],
    unregister: registry.unregister,
    ...parts,
    more(app) {
      addRegistrations(app, {
        apps: apiApps,
        domains: ['push.example.org'],
        largestCiphertext: () => 3072,
        version: '1.2.3',
        ...parts,
        ...over,
      });
      addPushAppserver(app, {
        apps: over.v1 ?? v1Apps,
        deliver(notification) {
          notifications.push(notification);
          return Promise.resolve(over.answer ?? 'result');
        },
        ...parts,
      });
    },
  });
  t.after(async () => {
    await listener.close();
    await stored.close();
    rmSync(folder, { recursive: true });
  });
  return { ...listener, clock, registry: stored, metrics, lines, notifications };
}
