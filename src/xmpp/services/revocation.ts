/** Tells a server that a registration has ended, before its next publish (XEP-0357 section 8). */
import type { Registration } from '../../core/registration.ts';
import { escapeXml } from '../stream/element.ts';
import { NS } from '../stream/namespaces.ts';

/**
 * The message that ends push for a registration, to be sent once. It is a headline, since servers store other messages
 * to an offline account and push them.
 * @param domain our domain at which the client enabled push
 * @returns undefined if nobody can be told: for a raw token, a room, or an import without account
 */
export function revocation({
  domain,
  registration: { account, node, room },
}: {
  readonly domain: string;
  readonly registration: Registration;
}): string | undefined {
  if (room !== undefined || account.indexOf('@') < 1) return undefined;
  const jid = escapeXml(account);
  return (
    `<message type='headline' from='${escapeXml(domain)}' to='${jid}'>` +
    `<pubsub xmlns='${NS.pubsub}' node='${escapeXml(node)}'><affiliation jid='${jid}' affiliation='none'/></pubsub></message>`
  );
}
