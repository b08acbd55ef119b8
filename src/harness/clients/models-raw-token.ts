/** How Monal uses a push app server: it never speaks to it, its device token is the node. Monal for iOS of 2024. */
import { escapeXML } from 'ltx';

/** What Monal puts into `<enable/>`. */
export interface MonalDevice {
  /** APNs token in lower-case hex. */
  readonly token: string;
  /** Names build and environment, as `monalProdiOS`. */
  readonly pushModule: string;
}

export function writeMonalEnable(jid: string, { token, pushModule }: MonalDevice): string {
  return (
    `<enable xmlns='urn:xmpp:push:0' jid='${escapeXML(jid)}' node='${escapeXML(token)}'>` +
    `<x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'>` +
    `<value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
    `<field var='pushModule'><value>${escapeXML(pushModule)}</value></field></x></enable>`
  );
}

/** Whether a push runs the extension, which does everything: iOS starts it for alerts with `mutable-content` alone. */
export function runsMonal(push: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}): boolean {
  const aps = push.body['aps'] as { alert?: unknown; 'mutable-content'?: unknown } | undefined;
  return push.headers['apns-push-type'] === 'alert' && aps?.alert !== undefined && aps['mutable-content'] === 1;
}
