import type { Mutant } from '../mutant.ts';

const inTigase = { file: 'conventions/tigase.ts', tests: ['conventions/tigase.test.ts'] };

const inP2 = { file: 'conventions/p2.ts', tests: ['conventions/p2.test.ts'] };

const inV1 = { file: 'conventions/v1.ts', tests: ['conventions/v1.test.ts'] };

const inRegistering = {
  file: 'conventions/registering.ts',
  tests: ['conventions/tigase.test.ts', 'conventions/p2.test.ts', 'conventions/v1.test.ts'],
};

/** How clients register, and what is kept of that. */
export const conventions: readonly Mutant[] = [
  {
    ...inTigase,
    find: 'features: (apps) => apps.filter((app) => serves(app, tigase))',
    replace: 'features: (apps) => apps',
    breaks: 'Provider ids of other conventions are announced, and clients register in vain.',
    tests: ['xmpp/services/component.test.ts'],
  },
  {
    ...inTigase,
    find: `app.takesSecondToken ? fields.get('device-second-token') : undefined`,
    replace: `fields.get('device-second-token')`,
    breaks: 'A device of FCM has a PushKit token, and calls go there.',
  },
  {
    ...inTigase,
    find: `type: 'text-multi', values: [sealingFeature]`,
    replace: `type: 'text-single', values: [sealingFeature]`,
    breaks: 'Clients see no features and leave sealing off.',
  },
  {
    ...inTigase,
    find: 'withSecret: false',
    replace: 'withSecret: true',
    breaks: `Siskin's publishes lack a secret that it never heard of.`,
  },
  {
    ...inTigase,
    find: `removed === 0 ? refused('unknown-device') : `,
    replace: '',
    breaks: 'A client that left an unknown device does not register again in this session.',
  },
  {
    ...inTigase,
    find: '(app && readToken(app.provider, written)) ?? written',
    replace: `(app && readToken(app.provider, written)) ?? ''`,
    breaks: 'A device whose provider id is no longer served cannot leave.',
  },
  {
    ...inTigase,
    find: 'apps.filter((app) => serves(app, tigase)).flatMap((app) =>',
    replace: 'apps.flatMap((app) =>',
    breaks: 'Apps of other conventions take registrations of this one.',
  },
  {
    ...inTigase,
    find: `if (secondWritten !== undefined && secondToken === undefined) return refused('bad-second-token');`,
    replace: '',
    breaks: 'A PushKit token that is none is dropped in silence, and no call rings.',
  },
  {
    ...inTigase,
    find: `      device: token,
`,
    replace: `      device: account,
`,
    breaks: 'The second device of an account takes the place of the first.',
  },
  {
    ...inTigase,
    find: 'values: [String(handlers.largestCiphertext(app.name, account))]',
    replace: `values: ['3072']`,
    breaks: 'Servers write sealed messages that do not fit.',
  },
  { ...inP2, find: 'withSecret: true', replace: 'withSecret: false', breaks: 'Conversations is given no secret.' },
  {
    ...inP2,
    find: 'room && hashForDevice(room, deviceId)',
    replace: 'undefined',
    breaks: `A room takes the place of the account's own registration.`,
  },
  {
    ...inP2,
    find: `fields.get('device-id') ?? fields.get('android-id')`,
    replace: `fields.get('android-id')`,
    breaks: 'Newer clients cannot register.',
  },
  {
    ...inP2,
    find: `fields.get('device-id') ?? fields.get('android-id')`,
    replace: `fields.get('device-id')`,
    breaks: 'Older clients cannot register.',
  },
  {
    ...inP2,
    find: 'room !== written || ',
    replace: '',
    breaks: 'A room with a resource is registered and never matches.',
  },
  { ...inP2, find: 'foldCase(room)', replace: 'room', breaks: 'A room written in capitals gets no pushes.' },
  {
    ...inP2,
    find: `room === undefined ? fields.get('channel') : hashForDevice(room, deviceId)`,
    replace: 'room && hashForDevice(room, deviceId)',
    breaks: 'A client that was told of a room by hash removes its own registration instead.',
  },
  {
    ...inV1,
    find: 'withSecret: true',
    replace: 'withSecret: false',
    breaks: 'A client of this convention is given no secret.',
  },
  {
    ...inV1,
    find: `{ name: 'jid', type: 'jid-single', values: [domain] }`,
    replace: `{ name: 'jid', type: 'jid-single', values: [] }`,
    breaks: 'Clients do not know where to enable push.',
  },
  {
    ...inV1,
    find: 'account, token: device, app: app.name',
    replace: 'account, token: device',
    breaks: 'A device of one app leaves with that of another of the same name.',
  },
  { ...inRegistering, find: 'at < 1 || ', replace: '', breaks: 'A server registers as if it were an account.' },
  {
    ...inRegistering,
    find: '|| Buffer.byteLength(bare) > JID_MAX',
    replace: '',
    breaks: 'Accounts of any length are stored.',
  },
  {
    ...inRegistering,
    find: 'if (named.length > 0) return named.length === 1 ? named[0] : undefined;',
    replace: '',
    breaks: 'The address of the service chooses no app.',
  },
  {
    ...inRegistering,
    find: 'return candidates.length === 1 ? candidates[0] : undefined',
    replace: 'return candidates[0]',
    breaks: 'With two apps of one provider a device goes to either.',
  },
  {
    ...inRegistering,
    find: '{1,255}$/u',
    replace: '{1,2550}$/u',
    breaks: 'Names of devices of any length are stored.',
  },
];
