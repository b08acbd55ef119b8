/** IQ requests to us (RFC 6120 section 8.2.3) and the replies to them. */
import { domainOf } from '../../core/jid.ts';
import { attribute, childElements, type Element, escapeXml } from '../stream/element.ts';
import { renderError, type StanzaError } from './errors.ts';
import { NS } from '../stream/namespaces.ts';

/** A request. Its strings may be slices of the packet they came in; see `detach`. */
export interface Iq {
  readonly type: 'get' | 'set';
  readonly id: string;
  /** Addresses are unchanged. */
  readonly from: string;
  readonly to: string;
  readonly payload: Element;
}

/** A reply. `payload` is XML in which everything foreign is escaped. */
export type IqReply =
  { readonly kind: 'result'; readonly payload?: string } | { readonly kind: 'error'; readonly error: StanzaError };

/** Answers one request. May be called while earlier requests are still being answered. */
export type StanzaHandler = (iq: Iq) => IqReply | Promise<IqReply>;

/** Attributes of a reply's start tag: its id and addresses. */
export type Envelope = string;

/**
 * Longest envelope that is answered, in UTF-16 units: two JIDs (RFC 7622: 3,071 bytes each) and an `id`, escaped. A
 * longer one can only be meant to make us send it back.
 */
const ENVELOPE_MAX = 16_384;

/** What a stanza means for the link. Messages, presences, results and errors are `ignored`. */
export type Sorted =
  | { readonly kind: 'request'; readonly iq: Iq; readonly envelope: Envelope }
  /** To be answered with `bad-request`. */
  | { readonly kind: 'malformed'; readonly envelope: Envelope }
  /** Cannot be answered: `id` or `from` is absent or far too long, or the stanza is not for this domain. */
  | { readonly kind: 'unanswerable' }
  | { readonly kind: 'ignored' };

/**
 * Sorts one stanza.
 * @param domain domain of the link; a server ends the stream if we answer from another one
 */
export function sortStanza(stanza: Element, domain: string): Sorted {
  if (stanza.name !== 'iq' || stanza.namespace !== NS.component) return { kind: 'ignored' };
  const type = attribute(stanza, 'type');
  if (type === 'result' || type === 'error') return { kind: 'ignored' };
  const id = attribute(stanza, 'id');
  const from = attribute(stanza, 'from');
  const to = attribute(stanza, 'to') ?? domain;
  if (id === undefined || from === undefined || from === '' || domainOf(to) !== domainOf(domain)) {
    return { kind: 'unanswerable' };
  }
  const envelope = `id='${escapeXml(id)}' from='${escapeXml(to)}' to='${escapeXml(from)}'`;
  if (envelope.length > ENVELOPE_MAX) return { kind: 'unanswerable' };
  const [payload, ...others] = childElements(stanza);
  if ((type !== 'get' && type !== 'set') || !payload || others.length > 0) return { kind: 'malformed', envelope };
  return { kind: 'request', iq: { type, id, from, to, payload }, envelope };
}

/** The reply as XML. */
export function renderReply(envelope: Envelope, reply: IqReply): string {
  if (reply.kind === 'error') return `<iq type='error' ${envelope}>${renderError(reply.error)}</iq>`;
  if (reply.payload === undefined) return `<iq type='result' ${envelope}/>`;
  return `<iq type='result' ${envelope}>${reply.payload}</iq>`;
}
