// The table `target` of p2, the app server of Conversations. Instead of account and device id it stores the SHA-1 of
// both, which its payloads carry too, and the domain of the account, which alone may publish.
import { foldCase } from '../core/jid.ts';
import { p2 } from '../conventions/p2.ts';
import { parseDeviceToken } from '../providers/all.ts';
import type { ChooseApp } from './apps.ts';
import { isDomainName, isName, type Translate } from './source.ts';

/** Name and columns of the table that p2 stores its devices in. */
export const p2Table = {
  table: 'target',
  columns: ['service', 'device', 'channel', 'domain', 'token', 'node', 'secret'],
} as const;

const SHA1 = /^[0-9a-f]{40}$/;

/** Converts a row of p2 to a registration. */
export function translateP2(chooseApp: ChooseApp): Translate {
  return (fields) => {
    const app = chooseApp((fields.get('service') ?? '').trim().toLowerCase());
    if (typeof app === 'string') return app;
    const hash = (fields.get('device') ?? '').toLowerCase();
    if (!SHA1.test(hash)) return 'device is not a SHA-1 hash';
    if (fields.get('channel')) return 'the row is for a room, and p2 does not store which one';
    const domain = foldCase(fields.get('domain') ?? '');
    if (!isDomainName(domain)) return 'domain is not valid';
    const token = parseDeviceToken(app.provider, fields.get('token') ?? '');
    if (token === undefined) return `token is not valid for ${app.provider}`;
    const node = fields.get('node');
    if (!isName(node)) return 'node is missing, too long or has other characters than ASCII';
    const secret = fields.get('secret');
    if (!isName(secret)) return 'secret is missing, too long or has other characters than ASCII';
    return {
      app: app.name,
      convention: p2.name,
      account: domain,
      accountHash: hash,
      device: hash,
      token,
      node,
      secret,
      registeredAtMs: 0,
    };
  };
}
