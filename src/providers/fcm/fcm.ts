import type { ProviderDefinition } from '../provider.ts';
import { checkFcm } from './check.ts';
import { createFcm } from './client.ts';
import { type FcmApp, fcmSection, parseFcmNode, parseFcmToken } from './settings.ts';

/** Firebase Cloud Messaging. */
export const fcm = {
  name: 'fcm',
  section: fcmSection,
  parseToken: parseFcmToken,
  parseNode: parseFcmNode,
  start: (environment) => (app: FcmApp, onReplaced) => createFcm({ ...environment, app, onReplaced }),
  check: checkFcm,
} as const satisfies ProviderDefinition<FcmApp>;
