// JSON Schemas of the registration API. They check requests, serialise answers and make up the OpenAPI document.
import { conventions } from '../conventions/all.ts';
import { type ProblemName, problems } from './problems.ts';

/** RFC 7622: no control characters, format characters, spaces or characters that separate the parts of a JID. */
const BARE_JID = String.raw`^[^\p{C}\p{Z}"&'\/:<>@]+@[^\p{C}\p{Z}"&'\/<>@]+$`;
/** Each side of the @ has at most 1,023 bytes. */
const JID_MAX = 2_047;
/** Registrations listed for one account, which never has more devices. */
export const LIST_MAX = 100;

const account = {
  type: 'string',
  maxLength: JID_MAX,
  pattern: BARE_JID,
  description: 'Bare JID exactly as the device writes it, since it looks its key up by this string. Unicode form NFKC.',
} as const;
const token = { type: 'string', minLength: 1, maxLength: 4_096 } as const;
const node = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  description: 'Name of a registration: all that the XMPP server knows of the device.',
} as const;
const registeredAt = { type: 'string', format: 'date-time', description: 'When the device last registered.' } as const;

const device = {
  type: 'string',
  pattern: String.raw`^[\x21-\x7e]{1,128}$`,
  description:
    'A name for the device that stays when its token changes, compared without regard to case. A device that registers ' +
    'again keeps its node. Without it, the token tells devices apart.',
} as const;

/** Body of a registration request. */
export const registrationRequest = {
  $id: 'RegistrationRequest',
  type: 'object',
  additionalProperties: false,
  required: ['account', 'token'],
  properties: {
    account,
    token: { ...token, description: 'Device token: for APNs in hexadecimal, for FCM as the library returns it.' },
    secondToken: {
      ...token,
      description: 'PushKit (VoIP) token, for APNs only. If it is absent, an earlier one is removed.',
    },
    device,
    secret: {
      type: 'boolean',
      description: 'Whether publishes must carry a secret in their publish-options. Default: no.',
    },
  },
} as const;

const registered = {
  $id: 'Registered',
  type: 'object',
  additionalProperties: false,
  required: ['node', 'jids', 'maxPayloadSize', 'registeredAt'],
  properties: {
    node,
    secret: { type: 'string', description: 'For the publish-options (XEP-0357), if the request asked for it.' },
    jids: {
      type: 'array',
      items: { type: 'string' },
      description: 'Addresses of this service; a client enables push with one of them and the node.',
    },
    maxPayloadSize: {
      type: 'integer',
      description: 'Bytes of the longest base64 ciphertext that surely fits: max-size of tigase:push:encrypt:0.',
    },
    registeredAt,
  },
} as const;

const registrationState = {
  $id: 'Registration',
  type: 'object',
  additionalProperties: false,
  required: ['node', 'convention', 'hasSecret', 'hasSecondToken'],
  properties: {
    node,
    account: {
      type: 'string',
      description:
        'As it was registered. A domain alone, or absent, if it was imported from a server that stores no accounts.',
    },
    device: { type: 'string', description: 'The name of the device, if it has one besides its token.' },
    convention: {
      type: 'string',
      enum: conventions.map(({ name }) => name),
      description: 'How the device registered.',
    },
    hasSecret: { type: 'boolean' },
    hasSecondToken: { type: 'boolean' },
    environment: {
      type: 'string',
      enum: ['production', 'sandbox'],
      description: 'APNs environment that accepted the token; only for apps with environment: auto.',
    },
    registeredAt: { ...registeredAt, description: `${registeredAt.description} Absent: not since its import.` },
  },
} as const;

const registrationList = {
  $id: 'RegistrationList',
  type: 'object',
  additionalProperties: false,
  required: ['registrations'],
  properties: {
    registrations: { type: 'array', maxItems: LIST_MAX, items: { $ref: 'Registration#' } },
  },
} as const;

const problem = {
  $id: 'Problem',
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Identifies the problem; never changes.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What to do about it.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['in', 'pointer', 'detail'],
        properties: {
          in: { type: 'string', enum: ['body', 'querystring', 'params', 'headers'] },
          pointer: { type: 'string', format: 'json-pointer' },
          detail: { type: 'string' },
        },
      },
    },
  },
} as const;

/** Schemas that routes refer to by name. */
export const sharedSchemas = [registrationRequest, registered, registrationState, registrationList, problem];

export const nodeParams = { type: 'object', required: ['node'], properties: { node } } as const;

export const accountQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['account'],
  properties: { account },
} as const;

export const idempotencyHeaders = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      pattern: String.raw`^[\x20-\x7e]{1,255}$`,
      description:
        'A name that you choose for this request, such as a UUID. If you repeat it with the same body within ten minutes, ' +
        'the answer is the same, unless the registration was removed meanwhile; then the device is registered again. ' +
        'Registering is idempotent without it too: the same device keeps its node.',
    },
  },
} as const;

/** `response` of a route: the success, its own problems, and those of every authorised route. */
export function answersOf(success: object, ...names: readonly ProblemName[]): Record<string, object> {
  return { ...success, ...problemAnswers(...names, 'invalid-request', 'unauthorized', 'rate-limited', 'unavailable') };
}

/** The `response` part of a route for these problems. */
export function problemAnswers(...names: readonly ProblemName[]): Record<string, object> {
  const answers: Record<string, object> = {};
  for (const name of names) {
    const { status, title } = problems[name];
    answers[status] = {
      description: `${title} (${name})`,
      content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
    };
  }
  return answers;
}
