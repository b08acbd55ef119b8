import type { z } from 'zod';
import { section, type ValueKinds } from '../../config/kinds/values.ts';

/** A hundred times the largest public servers. */
const mostRegistrations = 1_000_000_000;

/** The config section `registrations`: what the devices of one XMPP server may fill of the store. Each default has its reason. */
export function registrationsSection(values: ValueKinds) {
  return section({
    perDomain: values
      .count(1, mostRegistrations)
      .default(2_000_000)
      .describe(
        'Registrations of the accounts of one XMPP server; beyond it a new device is told to try again later, while known ones register as before. Few public servers have as many users; at 600 bytes each they fill 1.2 GB. Set more for a larger server of your own.',
      ),
    newPerDay: values
      .count(1, mostRegistrations)
      .default(100_000)
      .describe(
        'Devices that may come in addition on one day (UTC) from accounts of one XMPP server that have none yet. It slows down a server whose owner makes up accounts to 60 MB a day. Set more on the day on which a large server of your own begins to use Sealpost.',
      ),
  });
}

/** The parsed section. */
export type RegistrationLimits = Readonly<z.output<ReturnType<typeof registrationsSection>>>;
