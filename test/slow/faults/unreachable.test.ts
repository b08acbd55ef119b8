import { createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import { openDeafPort } from './deaf-port.ts';
import { testFault } from './places.ts';
import type { Site } from './site.ts';

const deviceToken = 'ab'.repeat(32);
const nodes = new WeakMap<Site, string>();

/** So many pushes of a minute that a rule of "more than ten in ten minutes" is met in the second. */
async function push(site: Site, count: number): Promise<void> {
  const node = nodes.get(site) ?? (await site.register('siskin', deviceToken));
  nodes.set(site, node);
  await site.publish(Array.from({ length: count }, () => node));
}

testFault({
  name: 'provider refused by a firewall (connection refused)',
  async make(site, minute) {
    if (minute === 0) await site.apns.closePort();
    await push(site, 8);
  },
  log: {
    msg: 'a push failed and will be sent again',
    reason: 'connection-refused',
    hint: 'a firewall rejects: allow connections out to it (APNs: api.push.apple.com',
  },
  part: 'app:siskin',
  reason: 'with connection-refused',
  hint: 'a firewall rejects: allow connections out to it (APNs: api.push.apple.com',
  alert: {
    rule: 'SealpostCircuitOpen',
    says: 'The provider of siskin fails',
    runbook: 'network, firewall, DNS, an authority that is not trusted',
  },
  minutes: 2,
  check: {
    line: 'fail app:siskin: APNs cannot be used now: connection-refused',
    hint: 'a firewall rejects: allow connections out to it',
  },
});

testFault({
  name: 'provider refused by a firewall (dropped)',
  config: ({ apps }, _at, [deaf = '']) => ({ apps: { ...apps, siskin: { ...apps.siskin, endpoint: deaf } } }),
  before: async (_at, t) => [await openDeafPort(t)],
  make: (site) => push(site, 12),
  log: {
    msg: 'a push failed and will be sent again',
    reason: 'connect-timeout',
    hint: 'a firewall probably drops connections out to it',
  },
  part: 'app:siskin',
  reason: 'with connect-timeout',
  hint: 'a firewall probably drops connections out to it (APNs: api.push.apple.com',
  alert: {
    rule: 'SealpostCircuitOpen',
    says: 'The provider of siskin fails',
    runbook: 'network, firewall, DNS, an authority that is not trusted',
  },
  check: {
    line: 'fail app:siskin: APNs cannot be used now: connect-timeout',
    hint: 'a firewall probably drops connections out to it',
  },
});

testFault({
  name: 'untrusted CA',
  config: ({ apps }, _at, [ca = '']) => ({ apps: { ...apps, siskin: { ...apps.siskin, ca } } }),
  before: async (_at, _t, { file }) => [await file('other.pem', (await createAuthority()).certificate)],
  make: (site) => push(site, 12),
  log: {
    msg: 'a push failed and will be sent again',
    reason: 'untrusted',
    hint: 'update the authorities of this machine (ca-certificates)',
  },
  part: 'app:siskin',
  reason: 'with untrusted',
  hint: 'update the authorities of this machine (ca-certificates), name those of a gateway under ca of the app',
  alert: {
    rule: 'SealpostCircuitOpen',
    says: 'The provider of siskin fails',
    runbook: 'an authority that is not trusted',
  },
  check: {
    line: 'fail app:siskin: APNs cannot be used now: untrusted',
    hint: 'update the authorities of this machine (ca-certificates)',
  },
});

testFault({
  name: 'provider outage',
  async make(site) {
    site.apns.script('*', { status: 503, reason: 'ServiceUnavailable' });
    await push(site, 12);
  },
  log: {
    msg: 'circuit open: the provider gets probes only for a while',
    reason: 'ServiceUnavailable',
    hint: 'APNs has trouble of its own: look at developer.apple.com/system-status',
  },
  part: 'app:siskin',
  reason: 'pushes in a row failed, the last with ServiceUnavailable',
  hint: 'APNs has trouble of its own: look at developer.apple.com/system-status',
  alert: {
    rule: 'SealpostCircuitOpen',
    says: 'The provider of siskin fails',
    runbook: "the provider's status page",
  },
  check: {
    line: 'fail app:siskin: APNs cannot be used now: ServiceUnavailable',
    hint: 'look at developer.apple.com/system-status',
  },
});
