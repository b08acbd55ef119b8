/** An ad-hoc command of a single stage (XEP-0050), as a convention defines it: fields of a form in, fields of a form out. */

/** Field names of a submitted form and their first value; fields without a value are left out. */
export type FormFields = ReadonlyMap<string, string>;

/** One field of the form that answers a command (XEP-0004). */
export interface ResultField {
  readonly name: string;
  /** Clients take a field without type for `text-single` and then do not see more than one value. */
  readonly type: 'text-single' | 'text-multi' | 'jid-single';
  readonly values: readonly string[];
}

/** Why a command did nothing; `xmpp/services/errors.ts` has the stanza error for each. */
export type CommandRefusal =
  | 'no-account'
  | 'bad-provider'
  | 'bad-device-token'
  | 'bad-second-token'
  | 'bad-token'
  | 'bad-device-id'
  | 'bad-client-node'
  | 'bad-room'
  | 'bad-type'
  | 'unknown-device';

/** What a command did: fields of its result, or why it did nothing. */
export type CommandOutcome =
  | { readonly kind: 'completed'; readonly fields: readonly ResultField[] }
  | { readonly kind: 'refused'; readonly error: CommandRefusal };

export interface Command {
  /** Its name for people. */
  readonly title: string;
  /** `complete` is no word of XEP-0050, but clients of one convention have always been answered with it. */
  readonly completedStatus?: 'complete';
  /** @param from who asks: a full JID as it came */
  run(from: string, fields: FormFields): CommandOutcome | Promise<CommandOutcome>;
}

/** Commands by their node. */
export type Commands = ReadonlyMap<string, Command>;

export function refused(error: CommandRefusal): CommandOutcome {
  return { kind: 'refused', error };
}
