import { join } from 'node:path';
import { systemClock } from '../../../src/time/clock.ts';
import { eventually } from '../../support/process.ts';
import { testFault } from './places.ts';

const steppingClock = join(import.meta.dirname, '../../chaos/stepping-clock.ts');

testFault({
  name: 'clock wrong',
  nodeArguments: ['--import', steppingClock],
  async make(site) {
    const node = await site.register('android', 'android:APA91bTokenOfADevice');
    await site.publish([node]);
    // Ten minutes back.
    site.sealpost.process.kill('SIGUSR2');
    await eventually(
      'the next date of Google is read',
      async () => {
        await site.publish([node]);
        return site.log.some(({ msg }) => msg.includes('the clock of this machine')) || undefined;
      },
      60_000,
    );
  },
  log: {
    msg: 'the clock of this machine is wrong: it is 10 minutes behind that of a provider',
    hint: 'set it by NTP (timedatectl set-ntp true); no restart is needed',
  },
  part: 'clock',
  reason: 'the clock of this machine is wrong: it is 10 minutes behind that of a provider',
  hint: 'set it by NTP (timedatectl set-ntp true); no restart is needed',
  alert: {
    rule: 'SealpostClockWrong',
    says: 'The clock of a:9090 is wrong',
    runbook: 'Switch time synchronization on (`timedatectl set-ntp true`)',
  },
  check: {
    line: 'fail clock: the clock of this machine is wrong: it is 10 minutes behind that of a provider',
    hint: 'set it by NTP (timedatectl set-ntp true)',
  },
  clock: { ...systemClock, now: () => Date.now() - 600_000 },
});
