// JSON Schemas of the admin API. They check requests, serialise answers and make up the OpenAPI document.

const text = { type: 'string' } as const;
const count = { type: 'integer' } as const;
const time = { type: 'string', format: 'date-time' } as const;

/** First 12 hex digits of the SHA-256 of a node, as in the log. */
export const FINGERPRINT = '^[0-9a-f]{12}$';

export const fingerprint = {
  type: 'string',
  pattern: FINGERPRINT,
  description: 'Names a registration, as the log does.',
} as const;

export const account = {
  type: 'string',
  minLength: 3,
  maxLength: 2_047,
  pattern: '^[^/]+@[^/@]+$',
  description: 'Bare JID, without regard to the case of A to Z.',
} as const;

/** Every answer but success. */
const refusal = {
  type: 'object',
  required: ['error'],
  properties: { error: { ...text, description: 'What is wrong.' }, hint: { ...text, description: 'What to do.' } },
} as const;

/** An object with these fields, of which `optional` may be absent. */
function objectOf(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', additionalProperties: false, required, properties } as const;
}

export const guardReport = {
  description: 'The state of the guard.',
  ...objectOf(
    {
      released: { ...count, description: 'Holds that were ended.' },
      state: { ...text, enum: ['watching', 'holding'] },
      holds: {
        type: 'array',
        items: objectOf(
          {
            ...{ cause: text, app: text, domain: text, since: time },
            ...{ seen: count, bad: count, held: count, what: text, hint: text },
          },
          ['domain'],
        ),
      },
      count: { ...count, description: 'Holds, those that are not listed too.' },
    },
    ['released'],
  ),
};

export const guardRelease = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    acceptRemovals: {
      type: 'boolean',
      description: 'Accept what was held: those registrations are dropped for good. Default: no.',
    },
  },
} as const;

const happened = (what: string) => ({ ...text, description: what });

/** `DeviceReport` in device-report.ts. */
export const deviceReport = objectOf(
  {
    fingerprint,
    state: { ...text, enum: ['registered', 'removed'] },
    app: text,
    convention: { ...text, description: 'How the client registered.' },
    account: { ...text, description: 'Bare JID, where the operator asked for the account or the token.' },
    domain: { ...text, description: 'Domain of the account.' },
    over: { ...text, description: 'Component domain that the device registered over; absent: not over XMPP.' },
    firstRegisteredAt: time,
    registeredAt: { ...time, description: 'When it last registered; absent: imported, or made of its node.' },
    timesRegistered: count,
    canCall: { type: 'boolean', description: 'Whether it has a second token, for calls.' },
    environment: { ...text, enum: ['production', 'sandbox'] },
    removed: objectOf({ at: time, reason: text, what: text }),
    lastPublish: objectOf({ at: time, outcome: text, what: text, hint: text }, ['hint']),
    lastPush: objectOf({ at: time, result: text, what: text, hint: text }, ['hint']),
    queued: objectOf({ pushes: count, nextAt: time }, ['nextAt']),
    held: { type: 'array', items: text, description: 'What holds pushes or removals of this device back.' },
    summary: happened('What is wrong with it, if anything, and what to do.'),
  },
  [
    ...['account', 'over', 'firstRegisteredAt', 'registeredAt', 'environment', 'removed', 'lastPublish', 'lastPush'],
    'queued',
  ],
);

export const deviceList = {
  description: 'Devices. Empty: none is registered, and none was removed in the latest 400 days.',
  ...objectOf(
    {
      devices: { type: 'array', items: deviceReport },
      notesLostAt: {
        ...time,
        description: 'Notes of publishes and pushes were lost then, so that later ones may be missing.',
      },
    },
    ['notesLostAt'],
  ),
};

export const revoked = {
  description: 'It is removed.',
  ...objectOf({ fingerprint, app: text, domain: text }),
};

export const forgotten = {
  description: 'Nothing is kept of the account any more.',
  ...objectOf({
    registrations: { ...count, description: 'Registrations that were erased.' },
    marks: { ...count, description: 'Marks of removed registrations that were erased.' },
  }),
};

/** `response` of a route: its success, and what every route can answer. */
export function answersOf(success: object, ...own: readonly (400 | 404 | 409)[]): Record<string, object> {
  const others: Readonly<Record<number, string>> = {
    400: 'The request does not have the right form.',
    401: 'The bearer token is missing or wrong.',
    403: 'The API is off, or another web page sent the request.',
    404: 'There is no such device.',
    409: 'It cannot be done now.',
    421: 'The Host is no name of the ops listener.',
    429: 'Too many requests, or too much of this kind is under way.',
    503: 'The store does not answer.',
  };
  const codes = [400, 401, 403, 421, 429, 503, ...own];
  return { ...success, ...Object.fromEntries(codes.map((code) => [code, { description: others[code], ...refusal }])) };
}
