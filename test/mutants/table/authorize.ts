import type { Mutant } from '../mutant.ts';

const inPublishers = { file: 'conventions/publishers.ts', tests: ['delivery/authorize.test.ts'] };

const inP2 = { file: 'conventions/p2.ts', tests: ['delivery/authorize.test.ts'] };

const inAuthorize = { file: 'delivery/authorize.ts', tests: ['delivery/authorize.test.ts'] };

const inSecret = { file: 'core/secret.ts', tests: ['delivery/authorize.test.ts'] };

const inJid = { file: 'core/jid.ts', tests: ['delivery/authorize.test.ts'] };

/** Who may publish to a registration. */
export const authorize: readonly Mutant[] = [
  {
    ...inPublishers,
    find: `isDomain(publisher) || !publisher.includes('/')`,
    replace: 'true',
    breaks: 'A client publishes to any raw token that it knows.',
  },
  {
    ...inPublishers,
    find: 'domainOf(publisher) === domainOf(owner)',
    replace: 'domainOf(owner).endsWith(domainOf(publisher))',
    breaks: 'A parent domain publishes to the users of its subdomains.',
  },
  {
    ...inPublishers,
    find: ': isSameAccount(publisher, owner)',
    replace: ': domainOf(publisher) === domainOf(owner)',
    breaks: 'Any account publishes to its neighbours.',
  },
  {
    ...inPublishers,
    find: `account === '' ? isServerOrBareJid(publisher) : `,
    replace: '',
    breaks: 'Devices that registered without an account get nothing.',
  },
  {
    ...inP2,
    find: 'room === undefined ? isServerOfAccount',
    replace: 'room !== null ? isServerOfAccount',
    breaks: 'The server of the account publishes where a room was registered, and the room cannot.',
  },
  {
    ...inAuthorize,
    find: 'if (registration.secret !== undefined &&',
    replace: 'if (notification.secret !== undefined && registration.secret !== undefined &&',
    breaks: 'A publish without a secret passes.',
  },
  {
    ...inAuthorize,
    find: `if (!convention.mayPublish(notification.publisher, registration)) return 'wrong-publisher';`,
    replace: '',
    breaks: 'Everybody publishes to every registration without a secret.',
  },
  {
    ...inSecret,
    find: 'timingSafeEqual(digestOf(a), digestOf(b))',
    replace: 'a.startsWith(b)',
    breaks: 'The beginning of a secret is enough, and an empty one too.',
  },
  {
    ...inJid,
    find: 'replace(/[A-Z]+/g',
    replace: 'replace(/.+/gu',
    breaks: 'The Kelvin sign in a domain makes it the domain with a k.',
  },
  {
    ...inJid,
    find: 'slash === -1 ? jid : jid.slice(0, slash)',
    replace: 'jid',
    breaks: 'Tigase, which publishes from a resource of the domain, is a stranger.',
  },
];
