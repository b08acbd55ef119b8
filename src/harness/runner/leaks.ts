/** What a provider could read of a sealed notification, and must not. Pure. */
import type { ServerEvent } from '../server/event.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';

/** A part of a notification that is nobody's business once it is sealed. */
export interface Secret {
  /** For a sentence: `the body`. */
  readonly name: string;
  readonly text: string;
}

export function secretsOf(event: ServerEvent): Secret[] {
  if (event.kind === 'read-elsewhere') return [];
  if (event.kind === 'groupchat') {
    return [
      { name: 'the room', text: event.room },
      { name: 'the nickname', text: event.nickname },
      { name: 'the body', text: event.body },
    ];
  }
  const sender = { name: 'the sender', text: event.from };
  return event.kind === 'message' ? [sender, { name: 'the body', text: event.body }] : [sender];
}

/** What is wrong when a provider was told a secret, anywhere in its JSON or in a header. */
export function judgeLeak({ name, text }: Secret, pushes: readonly ReceivedPush[]): string[] {
  const written = JSON.stringify(text).slice(1, -1);
  const leaking = pushes.some(({ headers, body }) => JSON.stringify([headers, body]).includes(written));
  return leaking ? [`${name} travels in clear to the provider`] : [];
}
