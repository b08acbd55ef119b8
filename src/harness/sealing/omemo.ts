/**
 * The OMEMO data of a message that one device needs (OMEMO variant of Encrypted Push Notifications, section 4.3), from
 * both forms that messages have on the wire: `eu.siacs.conversations.axolotl` (XEP-0384 0.3) and `urn:xmpp:omemo:2`.
 */
import { type Element, parse } from 'ltx';
import type { OmemoForDevice } from '../server/event.ts';
import { attribute } from '../server/stanza.ts';

const siacs = 'eu.siacs.conversations.axolotl';
const omemo2 = 'urn:xmpp:omemo:2';

/**
 * Picks the keys for a device out of the message's `<encrypted/>`.
 * @param xml the `<encrypted/>` element, serialized.
 * @param account bare JID of the device's account.
 * @param deviceId what the device gave as `deviceId` when it enabled push.
 * @returns `undefined` when the message is not addressed to the device or is no OMEMO message.
 */
export function readOmemo(xml: string, account: string, deviceId: string): OmemoForDevice | undefined {
  const encrypted = parseElement(xml);
  const namespace = encrypted?.getNS();
  const header = encrypted?.getChild('header');
  const sid = header && attribute(header, 'sid');
  if (!encrypted || !header || !sid || (namespace !== siacs && namespace !== omemo2)) return undefined;
  // Version 2 groups the keys by account: a device id is unique within its account only.
  const holders =
    namespace === omemo2 ? header.getChildren('keys').filter((group) => attribute(group, 'jid') === account) : [header];
  const keys = holders
    .flatMap((holder) => holder.getChildren('key'))
    .filter((key) => attribute(key, 'rid') === deviceId)
    .map(base64Of);
  if (keys.length === 0) return undefined;
  const iv = header.getChild('iv');
  const data = encrypted.getChild('payload');
  return {
    keys,
    sid,
    ...(iv ? { iv: base64Of(iv) } : {}),
    ...(data ? { data: base64Of(data) } : {}),
  };
}

function parseElement(xml: string): Element | undefined {
  try {
    return parse(xml);
  } catch {
    return undefined;
  }
}

function base64Of(element: Element): string {
  return element.getText().replaceAll(/\s/g, '');
}
