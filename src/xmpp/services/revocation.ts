/** Telling a server that a registration is no more, without waiting for its next publish: XEP-0357 section 8. */
import type { Registration } from '../../core/registration.ts';
import { escapeXml } from '../stream/element.ts';
import { NS } from '../stream/namespaces.ts';

/**
 * The message that ends push for a registration, to be sent once. A headline, because servers store any other message
 * for an account that is off-line, and push it.
 * @param domain ours, as the client enabled it
 * @returns undefined when there is nobody to tell: a raw token's or a room's registration, or one that was taken over
 *   without its account
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
