import type { Environment } from '../../core/registration.ts';
import type { Wording, App } from '../../core/app.ts';
import type { Secret } from '../../core/secret.ts';

/** APNs settings of an app. */
export interface ApnsApp extends App {
  readonly provider: 'apns';
  /** Bundle id. */
  readonly topic: string;
  readonly credentials:
    | {
        readonly kind: 'token';
        readonly key: Secret;
        readonly keyId: string;
        readonly teamId: string;
        /** Absolute path of the file that the key came from: looked at again while we run. */
        readonly path?: string;
      }
    | {
        readonly kind: 'certificate';
        /** PEM with certificate and key, or PKCS#12. */
        readonly file: Uint8Array;
        readonly passphrase?: Secret;
        /** Absolute path of the file that it came from: looked at again while we run. */
        readonly path?: string;
      };
  readonly environment: Environment | 'auto';
  readonly alert: Wording;
  readonly call: Wording;
  /** Origin URL in place of Apple's. */
  readonly endpoint?: string;
  /** Origin URL in place of Apple's sandbox; without it `endpoint` stands for both. */
  readonly sandboxEndpoint?: string;
  /** PEM of certificate authorities trusted for this app beside the system's. */
  readonly ca?: string;
}
