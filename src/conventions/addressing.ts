import { createHash } from 'node:crypto';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';

/** By what a payload tells the client which of its accounts, and which of its rooms, it is about. */
export type Address = Pick<Push, 'account' | 'channel'>;

/**
 * What the payloads of a registration carry. The tigase convention has the bare JID, by which devices look their keys up.
 * Those of p2 compare a hash, which keeps the JID from the provider. Registrations of the other conventions wake an app
 * that then looks after all of its accounts.
 */
export function addressOf({ convention, account, accountHash, device }: Registration): Address {
  switch (convention) {
    case 'p2': {
      const [deviceId = '', channel] = device.split(' ');
      return { account: accountHash ?? hashForDevice(account, deviceId), ...(channel !== undefined && { channel }) };
    }
    case 'v1':
    case 'raw-token':
      return { account: '' };
    case 'tigase':
    case 'http':
      return { account };
  }
}

/**
 * How clients of the p2 convention know an account or a room: SHA-1 of bare JID, NUL and the device's id, in lower-case
 * hex. It hides nothing from who can guess the JID and has the id; that is the deployed clients' choice.
 */
export function hashForDevice(jid: string, deviceId: string): string {
  return createHash('sha1').update(`${jid}\0${deviceId}`).digest('hex');
}
