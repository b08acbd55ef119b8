/** Reading stanzas (RFC 6120 section 8) from `ltx` trees, and writing the short answers of a server. */
import { type Element, escapeXML } from 'ltx';

/** What came back for an IQ. */
export type IqAnswer =
  | { readonly kind: 'result'; readonly stanza: Element }
  | {
      readonly kind: 'error';
      readonly stanza: Element;
      /** `cancel`, `wait`, …; empty when the attribute is missing. */
      readonly type: string;
      /** Name of the condition, wherever it stands. */
      readonly condition: string;
      /** False when `<text/>` precedes the condition, which some clients then fail to see. */
      readonly conditionFirst: boolean;
      readonly text?: string;
    }
  /** Nothing came in time. */
  | { readonly kind: 'silence' }
  /** The connection ended before anything came. */
  | { readonly kind: 'disconnected' };

const stanzaErrors = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** An attribute's value, or `undefined`. */
export function attribute(element: Element, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : undefined;
}

/** Child elements, text left out. */
export function childElements(element: Element): Element[] {
  return element.children.filter((child) => typeof child !== 'string');
}

/** Reads an `iq` of type `result` or `error`. */
export function readAnswer(stanza: Element): IqAnswer {
  if (attribute(stanza, 'type') !== 'error') return { kind: 'result', stanza };
  const error = stanza.getChild('error');
  const conditions = error ? childElements(error).filter((child) => child.getNS() === stanzaErrors) : [];
  const condition = conditions.find((child) => child.getName() !== 'text')?.getName() ?? 'undefined-condition';
  const text = conditions.find((child) => child.getName() === 'text')?.getText();
  return {
    kind: 'error',
    stanza,
    type: (error && attribute(error, 'type')) ?? '',
    condition,
    conditionFirst: conditions[0]?.getName() !== 'text',
    ...(text === undefined ? {} : { text }),
  };
}

/** `result`, or `type/condition` of an error: the short form for reports. */
export function answerWord(answer: IqAnswer): string {
  return answer.kind === 'error' ? `${answer.type}/${answer.condition}` : answer.kind;
}

/** The answer to an IQ: addresses swapped, id as it came. */
export function writeResult(iq: Element, content = ''): string {
  return content ? `<iq type='result'${swapped(iq)}>${content}</iq>` : `<iq type='result'${swapped(iq)}/>`;
}

/** An error answer to an IQ, the condition before anything else. */
export function writeError(iq: Element, type: string, condition: string): string {
  return `<iq type='error'${swapped(iq)}>${errorElement(type, condition)}</iq>`;
}

export function errorElement(type: string, condition: string): string {
  return `<error type='${type}'><${condition} xmlns='${stanzaErrors}'/></error>`;
}

function swapped(iq: Element): string {
  const from = attribute(iq, 'to') ?? '';
  const to = attribute(iq, 'from') ?? '';
  return ` from='${escapeXML(from)}' to='${escapeXML(to)}' id='${escapeXML(attribute(iq, 'id') ?? '')}'`;
}
