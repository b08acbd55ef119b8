// The table `target` of p2, the app server of Conversations. It keeps neither account nor device id but the SHA-1 of
// both, which is also what its payloads carry, and of the account the domain, which alone may publish.
import { foldCase } from '../core/jid.ts';
import { p2 } from '../conventions/p2.ts';
import { parseDeviceToken } from '../providers/all.ts';
import type { ChooseApp } from './apps.ts';
import { isDomainName, isName, type Translate } from './source.ts';

export const p2Table = {
  table: 'target',
  columns: ['service', 'device', 'channel', 'domain', 'token', 'node', 'secret'],
} as const;

const SHA1 = /^[0-9a-f]{40}$/;

/** Makes a registration of a row of p2. */
export function translateP2(chooseApp: ChooseApp): Translate {
  return (fields) => {
    const app = chooseApp((fields.get('service') ?? '').trim().toLowerCase());
    if (typeof app === 'string') return app;
    const hash = (fields.get('device') ?? '').toLowerCase();
    if (!SHA1.test(hash)) return 'device is no SHA-1 of p2';
    if (fields.get('channel')) return 'is for a room, and p2 did not keep which';
    const domain = foldCase(fields.get('domain') ?? '');
    if (!isDomainName(domain)) return 'domain is none';
    const token = parseDeviceToken(app.provider, fields.get('token') ?? '');
    if (token === undefined) return `token is none of ${app.provider}`;
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
