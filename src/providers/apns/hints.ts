import type { Hints } from '../provider.ts';

const key =
  'put the .p8 file of the key with this id in its place (no restart is needed), and compare id and team in the config with those at developer.apple.com';
const certificate =
  'make a new certificate at developer.apple.com and put it, with its key, in place of the file; no restart is needed';
const topic =
  'topic must be the bundle id of the app, and key or certificate must be of the team that owns it; after changing the config reload it (kill -HUP) or restart';
const environment =
  'check environment (production, sandbox or auto) and topic in the config; after changing it reload (kill -HUP) or restart';

const trouble =
  'APNs has trouble of its own: look at developer.apple.com/system-status; nothing needs to be done if it passes';

/** What an operator can do about each reason for `misconfigured`, and for `retry` of a whole app. */
export const apnsHints = {
  'unusable-key': key,
  InvalidProviderToken: `APNs does not accept what the key signs, as when it was revoked: ${key}; a clock of this machine that is ahead has the same effect`,
  UnrelatedKeyIdInToken: key,
  'expired-certificate': `the certificate has expired: ${certificate}`,
  BadCertificate: certificate,
  MissingProviderToken: `APNs does not accept the certificate: ${certificate}`,
  Forbidden: 'APNs does not accept the key or certificate: check at developer.apple.com that it was not revoked',
  BadCertificateEnvironment: `the certificate is for the other environment: ${environment}`,
  BadEnvironmentKeyIdInToken: `the key is for the other environment: ${environment}`,
  BadDeviceToken: `device tokens are of another environment or app: ${environment}`,
  DeviceTokenNotForTopic: `topic is not that of the app which registered: ${topic}`,
  TopicDisallowed: `topic is not that of the app which registered: ${topic}`,
  BadTopic: topic,
  MissingTopic: topic,
  BadPath: 'check endpoint: the server there does not answer as APNs does',
  MethodNotAllowed: 'check endpoint: the server there does not answer as APNs does',
  InternalServerError: trouble,
  ServiceUnavailable: trouble,
  Shutdown: trouble,
  IdleTimeout: trouble,
  ExpiredProviderToken: 'the clock of this machine is behind or ahead: set it by NTP',
  TooManyProviderTokenUpdates:
    'several processes use the same key and renew its tokens too often: let one server use it, or wait some minutes',
  other: 'check key or certificate, topic, environment and endpoint of this app',
} satisfies Hints;
