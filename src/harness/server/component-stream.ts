/**
 * The receiving half of an XEP-0114 stream, on the SAX parser of `ltx`: another parser than Sealpost's own, so that a
 * mistake in the one does not hide behind the same mistake in the other.
 */
import type { EventEmitter } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { Element } from 'ltx';
import ltxSax from 'ltx/src/parsers/ltx.js';

/** The published types describe the CommonJS face of this module. */
const SaxParser = ltxSax as unknown as new () => EventEmitter & { write(text: string): void };

export interface StreamEvents {
  /** The stream header's attributes. */
  onHeader(attributes: Readonly<Record<string, string>>): void;
  /** A complete child of the stream, the handshake among them. */
  onStanza(stanza: Element): void;
  /** `</stream:stream>`. */
  onEnd(): void;
  /** No more is read afterwards. */
  onError(condition: 'not-well-formed' | 'policy-violation'): void;
}

/** A stanza may have this many UTF-16 units: what Prosody takes from a component. */
export const maxStanzaLength = 512 * 1024;
/** Elements within elements; XMPP itself stays below ten. */
const maxDepth = 100;
/** `<?xml …?>` and white space before the stream header. */
const maxPrologLength = 1024;

/** Returns the function that takes what the socket brings. */
export function readComponentStream(events: StreamEvents): (bytes: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  const sax = new SaxParser();
  const open: Element[] = [];
  let depth = 0;
  let stanzaLength = 0;
  let prolog: string | undefined = '';
  let broken = false;

  sax.on('startElement', (name: string, attributes: Record<string, string>) => {
    depth += 1;
    if (depth === 1) return events.onHeader({ ...attributes, ':name': name });
    if (depth > maxDepth) return fail('policy-violation');
    const element = new Element(name, attributes);
    open.at(-1)?.cnode(element);
    open.push(element);
  });
  sax.on('text', (text: string) => void open.at(-1)?.t(text));
  sax.on('endElement', (name: string) => {
    depth -= 1;
    if (broken) return;
    if (depth === 0) return events.onEnd();
    const element = open.pop();
    if (element?.name !== name) return fail('not-well-formed');
    if (depth > 1) return;
    stanzaLength = 0;
    events.onStanza(element);
  });

  function fail(condition: 'not-well-formed' | 'policy-violation'): void {
    if (broken) return;
    broken = true;
    events.onError(condition);
  }

  /** `ltx` hangs on an XML declaration that is split between packets, so it never gets to see one. */
  function withoutProlog(text: string): string {
    if (prolog === undefined) return text;
    prolog += text;
    const start = prolog.trimStart();
    const incomplete = start.length < 2 || (start.startsWith('<?') && !start.includes('?>'));
    if (incomplete) {
      if (prolog.length > maxPrologLength) fail('policy-violation');
      return '';
    }
    prolog = undefined;
    return start.startsWith('<?') ? start.slice(start.indexOf('?>') + 2) : start;
  }

  return (bytes) => {
    if (broken) return;
    const text = withoutProlog(decoder.write(bytes));
    stanzaLength += text.length;
    try {
      if (text) sax.write(text);
    } catch {
      fail('not-well-formed');
    }
    // Counted by packet: what was complete in it has set the count back.
    if (stanzaLength > maxStanzaLength) fail('policy-violation');
  };
}
