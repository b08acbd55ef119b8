import type { ProviderDefinition } from '../provider.ts';
import { createFcm } from './client.ts';
import { type FcmApp, fcmSection, parseFcmNode, parseFcmToken } from './settings.ts';

/** Firebase Cloud Messaging. */
export const fcm = {
  name: 'fcm',
  section: fcmSection,
  parseToken: parseFcmToken,
  parseNode: parseFcmNode,
  start: (environment) => (app: FcmApp, onReplaced) => createFcm({ ...environment, app, onReplaced }),
} as const satisfies ProviderDefinition<FcmApp>;
