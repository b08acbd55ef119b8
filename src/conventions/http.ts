/** Registration by a service of the vendor through the HTTP API of `http/registrations.ts`. */
import type { Convention } from './convention.ts';
import { isServerOfAccount } from './publishers.ts';

export const http: Convention = {
  name: 'http',
  sealing: { number: 4, holds: 'tokens' },
  commands: () => new Map(),
  features: () => [],
  findsAppById: false,
  needsApiToken: true,
  hasHttpRoutes: true,
  accountIsOptional: false,
  mayPublish: isServerOfAccount,
  addressOf: ({ account }) => ({ account }),
  alertRule: () => 'as-notified',
};
