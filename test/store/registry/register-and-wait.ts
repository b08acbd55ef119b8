// Registers one device, says its node and waits to be killed: node register-and-wait.ts PATH
import { systemClock } from '../../../src/time/clock.ts';
import { openRegistry } from '../../support/store.ts';
import { quietTelemetry } from '../../support/telemetry.ts';

const store = { kind: 'sqlite', path: process.argv[2] ?? '' } as const;
const registry = await openRegistry({ store, clock: systemClock, ...quietTelemetry() });
const { node } = await registry.register({
  app: 'siskin',
  convention: 'tigase',
  account: 'romeo@example.net',
  device: 'AB12',
  token: 'AB12',
  withSecret: false,
});
process.stdout.write(node);
process.stdin.resume();
