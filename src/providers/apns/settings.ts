import { z } from 'zod';
import { type AppContext, commonKeys, defined, toCommon } from '../../config/kinds/app.ts';
import { withHint } from '../../config/kinds/problems.ts';
import { section, type ValueKinds } from '../../config/kinds/values.ts';
import type { App, Wording } from '../../core/app.ts';
import type { Environment } from '../../core/registration.ts';
import type { Secret } from '../../core/secret.ts';
import { apnsCertificate, apnsKey } from './credential-settings.ts';

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

/** A device may have a second token for PushKit; an alert is shown by the system. */
export const apnsTraits = { takesSecondToken: true, alertsAreSilent: false };

/** `apps.NAME` of an app with `provider: apns`. */
export function apnsSection(context: AppContext) {
  const { values } = context;
  return section({
    provider: z.literal('apns'),
    ...commonKeys(context),
    /** Bundle id. */
    topic: values.text("the app's bundle id, without .voip at its end", /^(?!.*\.voip$)[A-Za-z0-9.-]{1,255}$/),
    key: apnsKey(values).optional(),
    cert: apnsCertificate(values).optional(),
    /** `auto`: development builds and released ones register alike; the right one is found by trying. */
    environment: values.choice(['production', 'sandbox', 'auto']).default('production'),
    /** What is shown where nothing on the device replaces it. */
    alert: wording(values, 'New message!'),
    /** The same for a call to a device without PushKit token. */
    call: wording(values, 'Incoming call'),
  })
    .superRefine(checkCredentials, { when: ({ value }) => typeof value === 'object' && value !== null })
    .transform(({ key, cert, alert, call, ...parsed }): Omit<ApnsApp, 'name'> => {
      const credentials = key ?? cert;
      if (!credentials) throw new Error('an APNs app without credentials passed the schema');
      return { ...toCommon(parsed), ...apnsTraits, credentials, alert: defined(alert), call: defined(call) };
    });
}

/** @param body what is shown when the config names neither text nor localisation key */
function wording(values: ValueKinds, body: string) {
  return section({
    title: values.text('a title').optional(),
    body: values.text('the text shown').optional(),
    /** Keys into the app's own localisation. */
    titleLocKey: values.text("a key of the app's localisation").optional(),
    locKey: values.text("a key of the app's localisation").optional(),
    /** Name of a sound in the app; `none`: silent. */
    sound: values.text('the name of a sound').default('default'),
    /** Notification category that the app has declared: its actions. */
    category: values.text('a notification category').optional(),
  })
    .transform(({ sound, ...words }) => ({
      ...words,
      ...(words.body === undefined && words.locKey === undefined && { body }),
      ...(sound !== 'none' && { sound }),
    }))
    .prefault({});
}

/** Tolerates values that other checks have refused. */
function checkCredentials(app: { key?: unknown; cert?: unknown }, context: z.RefinementCtx): void {
  const given = Number(app.key !== undefined) + Number(app.cert !== undefined);
  if (given === 1) return;
  context.addIssue(
    withHint(
      given === 0 ? 'has neither key nor cert' : 'has both key and cert',
      'APNs needs one of them: key: { file: certs/AuthKey_ID.p8, id: …, team: … }, which never expires, or cert: { file: … }.',
    ),
  );
}

/** 32 bytes in hex today; Apple reserves the right to longer ones. */
const TOKEN = /^[0-9A-Fa-f]{16,512}$/;

/** A device token in lower case, for clients write them now this way, now that way; undefined when it can be none. */
export function parseApnsToken(written: string): string | undefined {
  const token = written.trim();
  return token.length % 2 === 0 && TOKEN.test(token) ? token.toLowerCase() : undefined;
}

/** Hex of 32 bytes or more: nodes of ours are shorter and so are never taken for a token. */
const TOKEN_AS_NODE = /^(?:[0-9A-Fa-f]{2}){32,256}$/;

/** The token that a node is; undefined when it is none. */
export function parseApnsNode(node: string): string | undefined {
  return TOKEN_AS_NODE.test(node) ? node.toLowerCase() : undefined;
}
