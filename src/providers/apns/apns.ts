import type { ProviderDefinition } from '../provider.ts';
import { checkApns } from './check.ts';
import { createApns } from './client.ts';
import { createProviderTokens } from './provider-tokens.ts';
import { type ApnsApp, apnsSection, parseApnsNode, parseApnsToken } from './settings.ts';

/** Apple Push Notification service. */
export const apns = {
  name: 'apns',
  section: apnsSection,
  parseToken: parseApnsToken,
  parseNode: parseApnsNode,
  // Apps with the same key share its provider tokens, since Apple limits how often a key may make one.
  start(environment) {
    const tokens = createProviderTokens(environment);
    return (app: ApnsApp, onReplaced) => createApns({ ...environment, app, tokens, onReplaced });
  },
  check: checkApns,
} as const satisfies ProviderDefinition<ApnsApp>;
