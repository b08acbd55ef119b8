// What the registration API takes and gives, as JSON Schema: requests are checked against it, answers are written by it,
// and the OpenAPI document is made of it.
import { conventions } from '../conventions/all.ts';
import { type ProblemName, problems } from './problems.ts';

/** RFC 7622: neither control and format characters nor spaces, and none of the characters that part a JID. */
const BARE_JID = String.raw`^[^\p{C}\p{Z}"&'\/:<>@]+@[^\p{C}\p{Z}"&'\/<>@]+$`;
/** 1,023 bytes on either side of the @. */
const JID_MAX = 2_047;
/** As many as are told to one account; nobody has more devices. */
export const LIST_MAX = 100;

const account = {
  type: 'string',
  maxLength: JID_MAX,
  pattern: BARE_JID,
  description:
    'Bare JID, exactly as the device writes it: it looks its key up by this string. Unicode in the form NFKC.',
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
    'A name for the device that stays when its token changes; compared without regard to case. A device that registers ' +
    'again keeps its node. Without it, the token tells devices apart.',
} as const;

export const registrationRequest = {
  $id: 'RegistrationRequest',
  type: 'object',
  additionalProperties: false,
  required: ['account', 'token'],
  properties: {
    account,
    token: { ...token, description: 'Device token: of APNs in hexadecimal, of FCM as the library gives it.' },
    secondToken: {
      ...token,
      description: 'PushKit (VoIP) token, for APNs only. Left out: the device has none any more.',
    },
    device,
    secret: {
      type: 'boolean',
      description: 'Whether publishes must carry a secret in their publish-options. Default: no.',
    },
  },
} as const;

export const registered = {
  $id: 'Registered',
  type: 'object',
  additionalProperties: false,
  required: ['node', 'jids', 'maxPayloadSize', 'registeredAt'],
  properties: {
    node,
    secret: { type: 'string', description: 'For the publish-options (XEP-0357), where it was asked for.' },
    jids: {
      type: 'array',
      items: { type: 'string' },
      description: 'Addresses of this service; a client enables push with one of them and the node.',
    },
    maxPayloadSize: {
      type: 'integer',
      description: 'The longest ciphertext in base64, in bytes, that surely fits: max-size of tigase:push:encrypt:0.',
    },
    registeredAt,
  },
} as const;

export const registrationState = {
  $id: 'Registration',
  type: 'object',
  additionalProperties: false,
  required: ['node', 'convention', 'hasSecret', 'hasSecondToken'],
  properties: {
    node,
    account: {
      type: 'string',
      description:
        'As it was registered. A domain alone, or absent: it was taken over from a server that did not know.',
    },
    device: { type: 'string', description: 'The name of the device, if it has one besides its token.' },
    convention: {
      type: 'string',
      enum: conventions.map(({ name }) => name),
      description: 'How it registered.',
    },
    hasSecret: { type: 'boolean' },
    hasSecondToken: { type: 'boolean' },
    environment: {
      type: 'string',
      enum: ['production', 'sandbox'],
      description: 'Of APNs, where the token was accepted; known only for apps with environment: auto.',
    },
    registeredAt: { ...registeredAt, description: `${registeredAt.description} Absent: not since it was taken over.` },
  },
} as const;

export const registrationList = {
  $id: 'RegistrationList',
  type: 'object',
  additionalProperties: false,
  required: ['registrations'],
  properties: {
    registrations: { type: 'array', maxItems: LIST_MAX, items: { $ref: 'Registration#' } },
  },
} as const;

export const problem = {
  $id: 'Problem',
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Tells problems apart; never changes.' },
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
        'Any name of your own for this one registering, such as a UUID: repeated with the same body within ten minutes, ' +
        'the answer is the same, unless the registration was removed meanwhile: then the device is registered anew. ' +
        'Registering is idempotent without it, too: the same device keeps its node.',
    },
  },
} as const;

/** `response` of a route: the success, and the problems that it can meet beside those of every authorised route. */
export function answersOf(success: object, ...names: readonly ProblemName[]): Record<string, object> {
  return { ...success, ...problemAnswers(...names, 'invalid-request', 'unauthorized', 'rate-limited', 'unavailable') };
}

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
