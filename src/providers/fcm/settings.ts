import type { App } from '../../core/app.ts';

/** FCM settings of an app. */
export interface FcmApp extends App {
  readonly provider: 'fcm';
  /** Path of the service account's JSON file: read at the start, and looked at again while we run. */
  readonly serviceAccountFile: string;
  /** As that file said when the config was read; messages go to the project that it names now. */
  readonly projectId: string;
  readonly collapseKey?: string;
  /** Origin URL in place of Google's. */
  readonly endpoint?: string;
  /** Origin URL of the OAuth server; path `/token`. */
  readonly tokenEndpoint?: string;
  readonly ca?: string;
}
