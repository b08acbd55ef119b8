import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually } from '../../support/process.ts';
import { testFault } from './places.ts';
import type { Site } from './site.ts';

const devices = 100;

/** Devices that the store knows to have taken a push. */
function reachedIn({ folder }: Site): number {
  const store = new DatabaseSync(join(folder, 'sealpost.db'), { readOnly: true });
  const row = store.prepare('SELECT count(*) AS reached FROM registration WHERE accepted_at_ms IS NOT NULL').get();
  store.close();
  return Number(row?.['reached']);
}

testFault({
  name: 'one domain flooding',
  config: () => ({ limits: { publishesPerDomain: { burst: 10, perMinute: 1 } } }),
  make: (site) =>
    site.publish(
      Array.from({ length: 150 }, () => 'no-node-at-all'),
      'hostile.example',
    ),
  minutes: 13,
  log: {
    msg: 'a domain publishes more than it may: what is beyond its share is put off',
    reason: 'rate-limited',
    domain: 'hostile.example',
    hint: 'or block the domain at the XMPP server',
  },
  part: 'limits',
  reason: /hostile\.example sends more publishes than it may: \d+ were put off within ten minutes/,
  hint: 'If it is your own server, raise limits.publishesPerDomain and reload (kill -HUP); if not, leave the limit as it is, or block the domain at the XMPP server',
  alert: {
    rule: 'SealpostPublishesRateLimited',
    says: 'A server or an account publishes more than it may',
    runbook: '`/readyz` names the domain under `limits`',
    atMinute: 13,
  },
  check: {
    line: /^warn limits: the running server says: hostile\.example sends more publishes than it may: \d+ were put off/,
    hint: 'block the domain at the XMPP server',
  },
});

testFault({
  name: 'dead tokens flooding',
  async make(site) {
    const innocent = await site.register('siskin', 'ab'.repeat(32));
    const nodes: string[] = [];
    for (let i = 0; i < devices; i += 1) {
      const madeUp = (i + 1).toString(16).padStart(64, 'c');
      site.apns.script(madeUp, { status: 410, reason: 'Unregistered' });
      nodes.push(await site.register('siskin', madeUp, `user-${i}@hostile.example`));
    }
    await site.publish(nodes, 'hostile.example');
    await site.publish([innocent]);
  },
  log: { msg: 'mass-loss guard: the provider of siskin calls', hint: 'Put it right, then: sealpost guard release' },
  part: 'guard',
  reason:
    /the provider of siskin calls \d+ of the latest \d+ device tokens dead \(accounts of hostile\.example; devices that never took a push/,
  hint: 'Put it right, then: sealpost guard release',
  alert: {
    rule: 'SealpostGuardHoldingNewDevices',
    says: 'The mass-loss guard holds new devices of siskin',
    runbook:
      'somebody registers made-up tokens; devices that were ever reached are not affected, and the hold may stay',
  },
  check: {
    line: /^warn guard: the running server says: the provider of siskin calls \d+ of the latest \d+ device tokens dead/,
    hint: 'Put it right, then: sealpost guard release',
  },
});

testFault({
  name: 'dead tokens of devices that were reached',
  async make(site) {
    const nodes: string[] = [];
    for (let i = 0; i < devices; i += 1) {
      nodes.push(await site.register('siskin', (i + 1).toString(16).padStart(64, 'a'), `user-${i}@localhost`));
    }
    await site.publish(nodes);
    await eventually('the store has who was reached', () => (reachedIn(site) === devices ? true : undefined));
    site.apns.script('*', { status: 410, reason: 'Unregistered' });
    await site.publish(nodes);
  },
  log: { msg: 'mass-loss guard: the provider of siskin calls', hint: 'Put it right, then: sealpost guard release' },
  part: 'guard',
  reason: /the provider of siskin calls \d+ of the latest \d+ device tokens dead/,
  hint: 'are topic, environment, key and project of siskin those of the app that registered?',
  alert: {
    rule: 'SealpostGuardHolding',
    says: 'The mass-loss guard holds for siskin',
    runbook: 'put it right and `sealpost guard release`',
  },
  check: {
    line: /^fail guard: the running server says: the provider of siskin calls \d+ of the latest \d+ device tokens dead/,
    hint: 'Put it right, then: sealpost guard release',
  },
});
