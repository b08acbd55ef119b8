/** The kinds of phones that scenarios have. */
import { type ClientModel, sealingAndroid, siskin, snikket, stork } from '../clients/models.ts';
import type { DeviceModel } from '../clients/device.ts';
import type { AppName } from './apps.ts';

/** How a phone comes to its node. */
export type PhoneConvention = 'tigase' | 'p2' | 'v1' | 'raw-token' | 'none';

export interface PhoneProfile {
  readonly convention: PhoneConvention;
  readonly provider: 'apns' | 'fcm';
  /** The app that it belongs to unless a scenario says otherwise. */
  readonly app: AppName;
  /** Clients of Tigase's convention. */
  readonly model?: ClientModel;
  readonly reads: DeviceModel['reads'];
}

export const phones = {
  siskin: { convention: 'tigase', provider: 'apns', app: 'iphone', model: siskin, reads: 'siskin' },
  snikket: { convention: 'tigase', provider: 'apns', app: 'iphone', model: snikket, reads: 'siskin' },
  /** An iPhone whose client reads all that the texts list. */
  iphone: { convention: 'tigase', provider: 'apns', app: 'iphone', model: siskin, reads: 'reference' },
  stork: { convention: 'tigase', provider: 'fcm', app: 'android', model: stork, reads: 'stork' },
  android: { convention: 'tigase', provider: 'fcm', app: 'android', model: sealingAndroid, reads: 'reference' },
  conversations: { convention: 'p2', provider: 'fcm', app: 'conversations', reads: 'conversations' },
  'p2-iphone': { convention: 'p2', provider: 'apns', app: 'p2-iphone', reads: 'reference' },
  'v1-android': { convention: 'v1', provider: 'fcm', app: 'v1-android', reads: 'woken' },
  monal: { convention: 'raw-token', provider: 'apns', app: 'monal', reads: 'monal' },
  /** Enabled with a node that nobody gave it. */
  stranger: { convention: 'none', provider: 'apns', app: 'iphone', reads: 'reference' },
  /** Enabled with a node as versions of Sealpost without node keys gave it, of which the store says nothing. */
  forgotten: { convention: 'none', provider: 'apns', app: 'iphone', reads: 'reference' },
} as const satisfies Record<string, PhoneProfile>;

export type PhoneName = keyof typeof phones;
