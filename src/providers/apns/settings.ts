import { z } from 'zod';
import { type AppContext, commonKeys, toCommon } from '../../config/kinds/app.ts';
import { withHint } from '../../config/kinds/problems.ts';
import { section, type ValueKinds } from '../../config/kinds/values.ts';
import type { Wording } from '../../core/app.ts';
import { clientsOf } from '../../core/known-clients.ts';
import { apnsCertificate, apnsKey } from './credential-settings.ts';

/** A device may have a second token, for PushKit. The system shows alerts by itself. */
export const apnsTraits = { takesSecondToken: true, alertsAreSilent: false };

/** The config section `apps.NAME` of an app with `provider: apns`. */
export function apnsSection(context: AppContext) {
  const { values } = context;
  return section({
    provider: z.literal('apns'),
    ...commonKeys(context),
    topic: values
      .text("the app's bundle id, without .voip at its end", /^(?!.*\.voip$)[A-Za-z0-9.-]{1,255}$/)
      .describe("The app's bundle id. Calls go to it with `.voip` appended."),
    key: apnsKey(values)
      .exactOptional()
      .describe("Apple's signing key for provider tokens, which never expires; this or `cert`."),
    cert: apnsCertificate(values)
      .exactOptional()
      .describe('Client certificate for APNs with its key, valid for one app and 13 months; this or `key`.'),
    environment: values
      .choice(['production', 'sandbox', 'auto'])
      .default('production')
      .describe(
        'Environment of the device tokens. `auto`: found for each device by trying, since development and release builds register alike.',
      ),
    alert: wording(values, 'New message!', '`MESSAGE` with the ids of Siskin or Snikket').describe(
      'What an alert shows unless the app replaces it.',
    ),
    call: wording(values, 'Incoming call').describe('What a call shows on a device without PushKit token.'),
  })
    .superRefine(checkCredentials, { when: ({ value }) => typeof value === 'object' && value !== null })
    .transform(({ key, cert, ...parsed }) => {
      const credentials = key ?? cert;
      if (!credentials) throw new Error('an APNs app without credentials passed the schema');
      return { ...toCommon(parsed), ...apnsTraits, alert: withCategory(parsed.alert, parsed.ids), credentials };
    });
}

/** APNs settings of an app: the parsed section of the config. */
export interface ApnsApp extends z.output<ReturnType<typeof apnsSection>> {
  readonly name: string;
  /** Origin that replaces Apple's sandbox; without it `endpoint` replaces both. */
  readonly sandboxEndpoint?: string;
}

/** Known clients take the notifications of a category off the screen: an alert that they could not open goes as well. */
function withCategory(alert: Wording, ids: readonly string[]): Wording {
  const category = clientsOf(ids)[0]?.clearsCategory;
  return category === undefined ? alert : { category, ...alert };
}

/**
 * @param body text used if the config has neither a text nor a localisation key
 * @param category what the docs say of an absent category
 */
function wording(values: ValueKinds, body: string, category?: string) {
  return section({
    title: values.text('a title').exactOptional().describe('Title, literally.'),
    body: values
      .text('the text shown')
      .exactOptional()
      .meta({
        absent: `\`${body}\``,
        description: 'Text, literally. The default is only used without `locKey`.',
      }),
    titleLocKey: values
      .text("a key of the app's localisation")
      .exactOptional()
      .describe("Title, as a key of the app's localisation."),
    locKey: values
      .text("a key of the app's localisation")
      .exactOptional()
      .describe("Text, as a key of the app's localisation."),
    sound: values
      .text('the name of a sound')
      .default('default')
      .describe('Name of a sound in the app; `none`: silent.'),
    category: values
      .text('a notification category')
      .exactOptional()
      .meta({
        ...(category !== undefined && { absent: category }),
        description: 'A notification category of the app, which decides the actions shown and what the app clears.',
      }),
  })
    .transform(({ sound, ...words }): Wording => ({
      ...words,
      ...(words.body === undefined && words.locKey === undefined && { body }),
      ...(sound !== 'none' && { sound }),
    }))
    .prefault({});
}

/** Skips values that other checks have refused. */
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

/** Tokens have 32 bytes in hex today; Apple may make them longer. */
const TOKEN = /^[0-9A-Fa-f]{16,512}$/;

/** A device token in lower case, since clients write it in either case; undefined if it is not valid. */
export function parseApnsToken(written: string): string | undefined {
  const token = written.trim();
  return token.length % 2 === 0 && TOKEN.test(token) ? token.toLowerCase() : undefined;
}

/** Hex of 32 bytes or more. Our own nodes are shorter, so none is taken for a token. */
const TOKEN_AS_NODE = /^(?:[0-9A-Fa-f]{2}){32,256}$/;

/** The token that a node is; undefined if it is none. */
export function parseApnsNode(node: string): string | undefined {
  return TOKEN_AS_NODE.test(node) ? node.toLowerCase() : undefined;
}
