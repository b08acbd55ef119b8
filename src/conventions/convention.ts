/** A convention: how one family of clients registers, who may publish then, and what the payloads look like. */
import type { App } from '../core/app.ts';
import type { PushAddress } from '../core/push.ts';
import type { Registration, RegistrationMatch, RegistrationRequest } from '../core/registration.ts';
import type { AlertRule } from '../core/routing.ts';
import type { Commands } from './command.ts';
import type { ReadTokens } from './token-nodes.ts';

/** What the commands of a convention need from the rest of Sealpost. */
export interface CommandContext {
  /** Domain of the component link. */
  readonly domain: string;
  /** All apps. A convention serves those that list it. */
  readonly apps: readonly App[];
  readonly handlers: {
    register(request: RegistrationRequest): Promise<Registration>;
    /** Resolves with the number of removed registrations. */
    unregister(match: RegistrationMatch): Promise<number>;
    /** Bytes of the longest base64 ciphertext that surely fits into a push of this app for this account. */
    largestCiphertext(app: string, account: string): number;
  };
}

/** What the rest of Sealpost needs to know about a convention. */
export interface Convention {
  /** Name in the config and in registrations. */
  readonly name: string;
  /**
   * What its nodes are made of; see `nodes/node-names.ts`. Absent: its nodes are device tokens. `number` is part of every
   * node, so it must never change and no other convention may have it.
   */
  readonly sealing?: { readonly number: number; readonly holds: 'tokens' | 'device' };
  /** The ad-hoc commands by node; empty if no app has this convention. */
  commands(context: CommandContext): Commands;
  /** Features that service discovery (XEP-0030) names for these apps. */
  features(apps: readonly App[]): readonly string[];
  /** Whether an id alone finds the app of a registration or publish. If so, no two apps may share an id. */
  readonly findsAppById: boolean;
  /** Whether a service of the vendor registers the devices and needs the app's API token. */
  readonly needsApiToken: boolean;
  /** Whether the public listener has routes of its own for it. */
  readonly hasHttpRoutes: boolean;
  /** Whether a registration may name no account. Then its secret alone authorizes publishers. */
  readonly accountIsOptional: boolean;
  /** XEP-0357 section 3.2: whether this `from` may publish to the registration. */
  mayPublish(publisher: string, registration: Registration): boolean;
  /** How the payload names the account and the room that a push is about. */
  addressOf(registration: Registration): PushAddress;
  /** Which notifications become alerts for this app. */
  alertRule(app: Pick<App, 'alertsAreSilent'>): AlertRule;
  /** Reads nodes that are device tokens and are not stored; absent if every node is registered. */
  readonly readTokens?: ReadTokens;
}

/** Whether an app serves a convention. */
export function serves(app: Pick<App, 'conventions'>, { name }: Pick<Convention, 'name'>): boolean {
  return app.conventions.includes(name);
}

/** Whether a registration was made by this convention. */
export function isOf({ convention }: Pick<Registration, 'convention'>, { name }: Pick<Convention, 'name'>): boolean {
  return convention === name;
}
