/** XEP-0050: an ad-hoc command with one form, as a convention defines it. Form fields go in, form fields come out. */

/** Field names of a submitted form with their first value; fields without a value are left out. */
export type FormFields = ReadonlyMap<string, string>;

/** One field of the form that answers a command (XEP-0004). */
export interface ResultField {
  readonly name: string;
  /** Clients read a field without type as `text-single`, and then only its first value. */
  readonly type: 'text-single' | 'text-multi' | 'jid-single';
  readonly values: readonly string[];
}

/** One field of the form that a command offers to a person (XEP-0004). */
export interface FormField {
  readonly name: string;
  /** What a person is shown. */
  readonly label: string;
  readonly isRequired: boolean;
  /** The values to choose from; absent: any text. */
  readonly options?: readonly string[];
}

/** Why a command did nothing. `xmpp/services/errors.ts` maps each reason to a stanza error. */
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

/** Result of a command. */
export type CommandOutcome =
  | { readonly kind: 'completed'; readonly fields: readonly ResultField[] }
  | { readonly kind: 'refused'; readonly error: CommandRefusal };

/** An ad-hoc command. */
export interface Command {
  /** Title for people. */
  readonly title: string;
  /** The form for people. Clients know the fields and send them without having seen the form. */
  readonly form: readonly FormField[];
  /** p2's and mod_push_appserver's clients expect this status although XEP-0050 does not define it. */
  readonly completedStatus?: 'complete';
  /** @param from full JID of the client, unchanged */
  run(from: string, fields: FormFields): CommandOutcome | Promise<CommandOutcome>;
}

/** Commands by their node. */
export type Commands = ReadonlyMap<string, Command>;

/** The outcome of a refused command. */
export function refused(error: CommandRefusal): CommandOutcome {
  return { kind: 'refused', error };
}
