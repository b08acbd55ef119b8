/** The summary in clear (XEP-0357 section 7, `urn:xmpp:push:summary`), in the wording of each server. */
import { escapeXML } from 'ltx';
import { bareJid, bodyOf, originOf, type ServerEvent } from './event.ts';
import type { Flavour } from './server-flavours.ts';

/** `<x/>` for the event; empty where the server sends none. */
export function writeSummary(flavour: Flavour, event: ServerEvent, unread: number): string {
  const body = bodyOf(event);
  const sender = originOf(event);
  const important = flavour.important.includes(event.kind);
  switch (flavour.summary) {
    case 'prosody':
      return form(` type='form'`, [
        field('message-count', `type='text-single'`, '1'),
        field('pending-subscription-count', `type='text-single'`),
        field('last-message-sender', `type='jid-single'`),
        field('last-message-body', `type='text-single'`, important ? 'New Message!' : undefined),
      ]);
    case 'ejabberd': {
      const label = `type='text-single' label='The body text of the last received message'`;
      return body === undefined ? '' : form(` type='submit'`, [field('last-message-body', label, 'New message')]);
    }
    case 'mongooseim':
      return form(` type='submit'`, [
        field('message-count', '', String(unread)),
        field('last-message-sender', '', event.kind === 'groupchat' ? sender : bareJid(sender ?? '')),
        field('last-message-body', '', body ?? ''),
      ]);
    case 'tigase':
      return form('', [
        field('message-count', '', String(unread)),
        ...(sender === undefined ? [] : [field('last-message-sender', '', sender)]),
        ...(body === undefined ? [] : [field('last-message-body', '', body)]),
      ]);
  }
}

function form(type: string, fields: readonly string[]): string {
  const formType = field('FORM_TYPE', `type='hidden'`, 'urn:xmpp:push:summary');
  return `<x xmlns='jabber:x:data'${type}>${formType}${fields.join('')}</x>`;
}

function field(name: string, attributes: string, value?: string): string {
  const start = `<field var='${name}'${attributes ? ` ${attributes}` : ''}`;
  return value === undefined ? `${start}/>` : `${start}><value>${escapeXML(value)}</value></field>`;
}
