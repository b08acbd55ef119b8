/** What a convention is: how clients of one family register, who may publish then, and what their payloads look like. */
import type { App } from '../core/app.ts';
import type { PushAddress } from '../core/push.ts';
import type { Registration, RegistrationMatch, RegistrationRequest } from '../core/registration.ts';
import type { AlertRule } from '../core/routing.ts';
import type { Commands } from './command.ts';
import type { ReadTokens } from './token-nodes.ts';

/** What the commands of a convention need of the rest of Sealpost. */
export interface CommandContext {
  /** Of the component link. */
  readonly domain: string;
  /** All apps; a convention serves those that name it. */
  readonly apps: readonly App[];
  readonly handlers: {
    register(request: RegistrationRequest): Promise<Registration>;
    /** Resolves with how many registrations there were. */
    unregister(match: RegistrationMatch): Promise<number>;
    /** The longest base64 ciphertext that surely fits into a push of this app for this account, bytes. */
    largestCiphertext(app: string, account: string): number;
  };
}

export interface Convention {
  /** As it stands in the config and in registrations. */
  readonly name: string;
  /**
   * What its nodes are made of: see `nodes/node-names.ts`. Absent: its nodes are device tokens themselves.
   * `number` stands in nodes for ever, and is no other convention's.
   */
  readonly sealing?: { readonly number: number; readonly holds: 'tokens' | 'device' };
  /** The ad-hoc commands; none where no app has this convention. */
  commands(context: CommandContext): Commands;
  /** What these apps add to the features that service discovery names (XEP-0030). */
  features(apps: readonly App[]): readonly string[];
  /** Whether a registration or a publish finds its app by an id alone: then no two apps may have the same id. */
  readonly findsAppById: boolean;
  /** Whether devices are registered by a service of the vendor, which needs the app's API token. */
  readonly needsApiToken: boolean;
  /** Whether a registration may name no account; then its secret alone admits publishers. */
  readonly accountIsOptional: boolean;
  /** XEP-0357 section 3.2: whether this `from` of a publish may speak for the registration. */
  mayPublish(publisher: string, registration: Registration): boolean;
  /** By what the payload tells the client which of its accounts, and which of its rooms, a push is about. */
  addressOf(registration: Registration): PushAddress;
  /** Which notifications become alerts of this app. */
  alertRule(app: Pick<App, 'alertsAreSilent'>): AlertRule;
  /** Reads nodes that are device tokens themselves and stand in no store; absent: every node of it is registered. */
  readonly readTokens?: ReadTokens;
}

/** Whether an app serves a convention. */
export function serves(app: Pick<App, 'conventions'>, { name }: Pick<Convention, 'name'>): boolean {
  return app.conventions.includes(name);
}

/** Whether a registration was made by a convention. */
export function isOf({ convention }: Pick<Registration, 'convention'>, { name }: Pick<Convention, 'name'>): boolean {
  return convention === name;
}
