import { randomBytes } from 'node:crypto';
import { createSecret } from '../../../src/core/secret.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { createLink } from '../../../src/xmpp/link/link.ts';
import { eventually } from '../../support/process.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { testFault } from './places.ts';
import type { Site } from './site.ts';

/** Attempts come soon one after another, of which Prometheus has to see two. */
const timing = { refused: '1s', refusedMax: '2s', standBy: '1s' };

/** Resolves after two more attempts that were refused for this reason. */
async function whenRefused(site: Site, reason: string): Promise<void> {
  const count = async () => {
    const text = await site.metrics();
    return Number(new RegExp(`^sealpost_link_attempts_total\\{.*result="${reason}"\\} (\\d+)`, 'm').exec(text)?.[1]);
  };
  const before = await count();
  await eventually('two more attempts', async () => ((await count()) >= before + 2 ? true : undefined), 30_000);
}

testFault({
  name: 'XMPP server down',
  make: (site) => site.endXmpp(),
  log: { msg: 'no component link (connect-failed)', hint: 'is the XMPP server running? Start it' },
  part: 'link:push.localhost',
  reason: 'connect-failed',
  hint: 'is the XMPP server running? Start it',
  alert: {
    rule: 'SealpostLinkDown',
    says: 'No process is linked to the XMPP server as push.localhost',
    runbook: '`connect-failed` is an XMPP server that does not run',
  },
  check: {
    line: /^fail link:push.localhost: the running server has no link: \w+: connect-failed$/,
    hint: 'is the XMPP server running? Start it',
  },
});

testFault({
  name: 'wrong secret',
  config: ({ xmpp }) => ({ xmpp: [{ ...xmpp, secret: 'another', timing }] }),
  isLinked: false,
  make: (site) => whenRefused(site, 'not-authorized'),
  log: { msg: 'no component link (not-authorized)', hint: 'put the same one into both configs' },
  part: 'link:push.localhost',
  reason: 'not-authorized',
  hint: 'put the same one into both configs',
  alert: {
    rule: 'SealpostLinkRefused',
    says: 'The XMPP server refuses the link for push.localhost (not-authorized)',
    runbook: '`not-authorized`: put the same secret into both configs',
  },
  check: {
    line: /^fail link:push.localhost: the running server has no link: \w+: not-authorized$/,
    hint: 'put the same one into both configs',
  },
});

testFault({
  name: 'conflict',
  config: ({ xmpp }) => ({ xmpp: [{ ...xmpp, timing }] }),
  isLinked: false,
  // Somebody else's process, which came first.
  async before({ service }, t) {
    const other = createLink({
      ...{ service, domain: 'push.localhost', secret: createSecret('s3cret'), handle: () => ({ kind: 'result' }) },
      ...{ clock: systemClock, random: () => randomBytes(1).readUInt8() / 256, ...quietTelemetry() },
    });
    t.after(() => other.drain(0));
    other.start();
    await other.whenOnline();
    return [];
  },
  make: (site) => whenRefused(site, 'conflict'),
  log: { msg: 'no component link (conflict)', hint: 'stop one of the two, or give each a domain of its own' },
  part: 'link:push.localhost',
  reason: 'conflict',
  hint: 'stop one of the two, or give each a domain of its own',
  alert: {
    rule: 'SealpostLinkRefused',
    says: 'The XMPP server refuses the link for push.localhost (conflict)',
    runbook: '`conflict`: another process that is not of this job has the domain; stop it',
  },
  check: {
    line: /^fail link:push.localhost: the running server has no link: \w+: conflict$/,
    hint: 'stop one of the two, or give each a domain of its own',
  },
});
