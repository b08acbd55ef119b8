import type { Element } from '../../../src/xmpp/stream/element.ts';
import { createParser, type ParserEvents, type ParserLimits } from '../../../src/xmpp/stream/parser.ts';

export const header =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
  "xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='push.example.org'>";

export const wideLimits: ParserLimits = { stanzaBytes: 1_000_000, depth: 100, attributes: 100, nodes: 100_000 };

/** The parser's events, in order. */
export type Told =
  | { readonly header: Element }
  | { readonly stanza: Element }
  | { readonly skipped: string; readonly head: Element | undefined }
  | { readonly end: true }
  | { readonly error: string };

export function recordEvents(): { readonly told: Told[]; readonly events: ParserEvents } {
  const told: Told[] = [];
  return {
    told,
    events: {
      header: (element) => told.push({ header: element }),
      stanza: (element) => told.push({ stanza: element }),
      skipped: (reason, head) => told.push({ skipped: reason, head }),
      end: () => told.push({ end: true }),
      error: (error) => told.push({ error: error.condition }),
    },
  };
}

/** The one stanza in this text, as it would follow the stream header. */
export function parseStanza(xml: string): Element {
  const { told, events } = recordEvents();
  createParser(wideLimits, events).write(Buffer.from(header + xml));
  const last = told[1];
  if (told.length !== 2 || !last || !('stanza' in last)) throw new Error(`not one stanza: ${JSON.stringify(told)}`);
  return last.stanza;
}
