import type { Hints } from '../provider.ts';

const project =
  'check that the service account belongs to the project that the Android app is built with, that the FCM API (V1) is enabled there, and that the account may send; a new file needs no restart';

const deleted = `the project was deleted, or is closed to the service account: restore it in the Google Cloud console within 30 days; if it was not deleted, ${project}`;

const trouble = 'FCM has trouble of its own: look at status.firebase.google.com; nothing needs to be done if it passes';
const quota = 'the quota of the project is used up: look at it in the Google Cloud console, and ask for more';

/** What an operator can do about each reason for `misconfigured`, and for `retry` of a whole app. */
export const fcmHints = {
  'unusable-account': 'put a working key file of the service account in its place; no restart is needed',
  'oauth-refused':
    'Google does not accept the service account: it, its key or its project was deleted or disabled, or the clock of this machine is wrong; put a new key file in its place, no restart is needed',
  UNAUTHENTICATED:
    'FCM does not accept the access tokens of the service account: check that it is enabled, or put another key file in its place; no restart is needed',
  PERMISSION_DENIED: deleted,
  NOT_FOUND: deleted,
  SENDER_ID_MISMATCH: project,
  FAILED_PRECONDITION: project,
  THIRD_PARTY_AUTH_ERROR: 'check the APNs and web push credentials of the project in the Firebase console',
  UNAVAILABLE: trouble,
  INTERNAL: trouble,
  DEADLINE_EXCEEDED: trouble,
  UNSPECIFIED_ERROR: trouble,
  RESOURCE_EXHAUSTED: quota,
  QUOTA_EXCEEDED: quota,
  other: 'check service account, project and endpoint of this app',
} satisfies Hints;
