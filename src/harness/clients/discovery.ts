/** How clients look for the push service: disco#info (XEP-0030) of the component, XEP-0357 section 4.2. */
import { type Element, escapeXML } from 'ltx';
import { answerWord, attribute, childElements, type IqAnswer } from '../server/stanza.ts';

const discoInfo = 'http://jabber.org/protocol/disco#info';

/** The question, with the addresses and id of its envelope. */
export function writeDiscoInfo({ from, to, id }: { readonly from: string; readonly to: string; readonly id: string }) {
  return (
    `<iq type='get' id='${escapeXML(id)}' from='${escapeXML(from)}' to='${escapeXML(to)}'>` +
    `<query xmlns='${discoInfo}'/></iq>`
  );
}

/** Features that an answer lists; `undefined` when it is none. */
export function readFeatures(answer: IqAnswer): readonly string[] | undefined {
  if (answer.kind !== 'result') return undefined;
  return childrenOf(answer)
    .filter(({ name }) => name === 'feature')
    .flatMap((feature) => attribute(feature, 'var') ?? []);
}

/** Why an answer shows no push service with this provider id, as a sentence; `undefined`: it shows one. */
export function whyNoPushService(providerId: string, answer: IqAnswer): string | undefined {
  const features = readFeatures(answer);
  if (!features) return `disco#info is answered ${answerWord(answer)}`;
  const isIdentity = (child: Element) =>
    child.name === 'identity' && attribute(child, 'category') === 'pubsub' && attribute(child, 'type') === 'push';
  if (answer.kind === 'result' && !childrenOf(answer).some(isIdentity)) {
    return `disco#info lacks the identity category='pubsub' type='push'`;
  }
  const missing = ['urn:xmpp:push:0', providerId].find((feature) => !features.includes(feature));
  return missing === undefined ? undefined : `disco#info lacks the feature ${missing}`;
}

function childrenOf(answer: IqAnswer & { kind: 'result' }): Element[] {
  const query = answer.stanza.getChild('query', discoInfo);
  return query ? childElements(query) : [];
}
