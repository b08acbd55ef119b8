/** The operator's apps that scenarios run in: each has a state of its own at the server, so trouble stays within it. */

/** One app, in the words of `sealpost.yaml` but for credentials and endpoints. */
export interface AppProfile {
  readonly provider: 'apns' | 'fcm';
  /** Provider ids or push modules; an app that has none of its own gets its name as id. */
  readonly ids?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** How often an account may publish by itself before it is told to wait; scenarios need fewer, but for the one that reaches it. */
export const ownPublishesMax = 6;

/** Where the tables of outcomes are walked through: several, so that failures in a row do not add up in one. */
const outcomeApps = {
  'iphone-outcomes-1': { provider: 'apns' },
  'iphone-outcomes-2': { provider: 'apns' },
  'iphone-outcomes-3': { provider: 'apns' },
  'iphone-outcomes-4': { provider: 'apns' },
  'iphone-outcomes-5': { provider: 'apns' },
  'iphone-outcomes-6': { provider: 'apns' },
  'android-outcomes-1': { provider: 'fcm' },
  'android-outcomes-2': { provider: 'fcm' },
  'android-outcomes-3': { provider: 'fcm' },
} as const satisfies Record<string, AppProfile>;

/** Where providers answer with trouble to anybody's app server; several, for the same reason. */
const troubledApps = {
  'iphone-trouble-1': { provider: 'apns' },
  'iphone-trouble-2': { provider: 'apns' },
  'iphone-trouble-3': { provider: 'apns' },
  'iphone-trouble-4': { provider: 'apns' },
  'android-trouble-1': { provider: 'fcm' },
  'android-trouble-2': { provider: 'fcm' },
  'android-trouble-3': { provider: 'fcm' },
} as const satisfies Record<string, AppProfile>;

/** Much is delivered in these before the scenarios begin: there the provider's word is believed. */
export const provenApps = {
  'iphone-proven': { provider: 'apns' },
  'iphone-proven-1': { provider: 'apns' },
  'iphone-proven-2': { provider: 'apns' },
  'iphone-proven-3': { provider: 'apns' },
  'android-proven': { provider: 'fcm' },
  'android-proven-1': { provider: 'fcm' },
  'android-proven-2': { provider: 'fcm' },
} as const satisfies Record<string, AppProfile>;

export const appProfiles = {
  iphone: { provider: 'apns', ids: ['tigase:messenger:apns:1', 'snikket:apns:1'] },
  android: { provider: 'fcm', ids: ['fcm-xmpp-api'] },
  ...outcomeApps,
  ...troubledApps,
  'iphone-forwarding': { provider: 'apns', settings: { plaintext: 'forward' } },
  'android-forwarding': { provider: 'fcm', settings: { plaintext: 'forward' } },
  'iphone-without-priorities': { provider: 'apns', settings: { absentPriority: 'alert' } },
  /** Long enough that on a busy machine three publishes still come within it. */
  'iphone-coalescing': { provider: 'apns', settings: { backgroundInterval: '8s' } },
  'iphone-bare': { provider: 'apns', settings: { unimportant: 'bare' } },
  'iphone-dropping': { provider: 'apns', settings: { unimportant: 'drop' } },
  'iphone-hour': { provider: 'apns', settings: { ttl: '1h' } },
  'android-hour': { provider: 'fcm', settings: { ttl: '1h', collapseKey: 'messages' } },
  'iphone-worded': {
    provider: 'apns',
    settings: {
      alert: { title: 'Messenger', locKey: 'NEW_MESSAGE', sound: 'bell.caf', category: 'MESSAGE' },
      call: { body: 'Somebody calls', sound: 'none' },
    },
  },
  /** Nothing is ever delivered in these: no device token is believed dead there. */
  'iphone-unproven': { provider: 'apns' },
  'android-unproven': { provider: 'fcm' },
  ...provenApps,
  'iphone-auto': { provider: 'apns', settings: { environment: 'auto' } },
  conversations: { provider: 'fcm', settings: { conventions: ['p2'], backgroundInterval: '8s' } },
  'p2-iphone': { provider: 'apns', settings: { conventions: ['p2'] } },
  'v1-android': { provider: 'fcm', settings: { conventions: ['v1'] } },
  'monal-coalescing': { provider: 'apns', settings: { conventions: ['raw-token'], backgroundInterval: '8s' } },
  monal: { provider: 'apns', ids: ['monalProdiOS'], settings: { conventions: ['raw-token'] } },
} as const satisfies Record<string, AppProfile>;

export type AppName = keyof typeof appProfiles;
