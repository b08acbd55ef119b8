/** What a server answers on behalf of an account: disco#info of the bare JID (XEP-0030, Encrypted Push Notifications 4.1). */
import { type Element, escapeXML } from 'ltx';
import { bareJid } from './event.ts';
import type { Flavour } from './server-flavours.ts';
import { attribute, childElements, writeError, writeResult } from './stanza.ts';

const discoInfo = 'http://jabber.org/protocol/disco#info';

/** The answer to an IQ from a client of the account to its bare JID; other accounts are told nothing. */
export function answerAccount(jid: string, iq: Element, { accountFeatures }: Pick<Flavour, 'accountFeatures'>): string {
  const isOwn = bareJid(attribute(iq, 'from') ?? '') === jid && attribute(iq, 'to') === jid;
  const [query] = childElements(iq);
  if (!isOwn || attribute(iq, 'type') !== 'get' || !query?.is('query', discoInfo)) {
    return writeError(iq, 'cancel', 'service-unavailable');
  }
  const node = attribute(query, 'node');
  if (node !== undefined && node !== '') return writeError(iq, 'cancel', 'item-not-found');
  const features = [discoInfo, ...accountFeatures].map((name) => `<feature var='${escapeXML(name)}'/>`).join('');
  return writeResult(
    iq,
    `<query xmlns='${discoInfo}'><identity category='account' type='registered'/>${features}</query>`,
  );
}
