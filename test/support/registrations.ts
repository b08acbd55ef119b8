import { type ApnsApp, apnsTraits } from '../../src/providers/apns/settings.ts';
import { type FcmApp, fcmTraits } from '../../src/providers/fcm/settings.ts';
import type { Notification } from '../../src/core/notification.ts';
import type { Registration } from '../../src/core/registration.ts';
import { createSecret } from './secret.ts';

/** A registration of Romeo's phone; set what matters to the test. */
export function registrationOf(over: Partial<Registration> = {}): Registration {
  return {
    node: 'n'.repeat(32),
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: 'ab'.repeat(32),
    token: 'ab'.repeat(32),
    registeredAtMs: Date.UTC(2026, 9, 1),
    ...over,
  };
}

export function notificationOf(over: Partial<Notification> = {}): Notification {
  return {
    node: 'n'.repeat(32),
    publisher: 'example.net',
    content: { kind: 'sealed', ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==', iv: 'AAECAwQFBgcICQoL', voip: false },
    priority: 'high',
    ...over,
  };
}

/** An APNs app with every optional behaviour at its default. */
export function apnsAppOf(over: Partial<ApnsApp> = {}): ApnsApp {
  return {
    name: 'siskin',
    provider: 'apns',
    ...apnsTraits,
    ids: ['tigase:messenger:apns:1'],
    conventions: ['tigase'],
    plaintext: 'withhold',
    absentPriority: 'background',
    unimportant: 'carry',
    ttlMs: 7 * 86_400_000,
    backgroundIntervalMs: 20_000,
    inFlight: 100,
    topic: 'org.example.messenger',
    credentials: { kind: 'token', key: createSecret('unset'), keyId: 'ABC1234567', teamId: 'TEAM123456' },
    environment: 'production',
    alert: { body: 'New message!', sound: 'default' },
    call: { body: 'Incoming call', sound: 'default' },
    ...over,
  };
}

export function fcmAppOf(over: Partial<FcmApp> = {}): FcmApp {
  return {
    name: 'android',
    provider: 'fcm',
    ...fcmTraits,
    ids: ['fcm-xmpp-api'],
    conventions: ['tigase'],
    plaintext: 'withhold',
    absentPriority: 'background',
    unimportant: 'carry',
    ttlMs: 7 * 86_400_000,
    backgroundIntervalMs: 20_000,
    inFlight: 100,
    serviceAccountFile: '/nowhere/service-account.json',
    projectId: 'sealpost-test',
    ...over,
  };
}
