/** What a scenario is: data that says who registers how, what happens, and what must come of it everywhere. */
import type { Shown } from '../clients/device.ts';
import type { Script } from '../stand-ins/contract.ts';
import type { ServerEvent } from '../server/event.ts';
import type { Flavour } from '../server/server-flavours.ts';
import type { AppName } from './apps.ts';
import type { CapabilityName } from './capabilities.ts';
import type { PhoneName } from './phones.ts';

/** One row of the harness: read it from top to bottom. */
export type Scenario = ScenarioStory &
  (
    | {
        /** What both specifications and deployed clients demand of every push app server. */
        readonly scope: 'any';
        /** What a component that fails it cannot do. */
        readonly capability: CapabilityName;
      }
    /** Sealpost's own design. */
    | { readonly scope: 'sealpost' }
  );

/** Who registers how, what happens, and what must come of it. */
export interface ScenarioStory {
  /** Kebab-case, never changed: reports and `--only` name it. */
  readonly id: string;
  /** A sentence that says what must be so. */
  readonly title: string;
  /** Ids of `paragraphs.ts`. */
  readonly paragraphs: readonly string[];
  /** Who registers, and by which convention. */
  readonly phone: PhoneName;
  /** What the name of the account ends with; it begins with the scenario's id. */
  readonly localPartEnds?: string;
  /** The operator's app that the phone belongs to. Default: the one that its kind of phone has. */
  readonly app?: AppName;
  /** Server of the account. Default: `reference`. */
  readonly server?: Flavour['name'];
  /** Whether the phone has a PushKit token. Default: where its kind has one. */
  readonly pushKit?: boolean;
  /** The phone asks for OMEMO data with this device id. */
  readonly omemoDevice?: number;
  /** Who comes and goes beside the phone: another device of its account, or another account of its device. */
  readonly companion?: 'same-account' | 'same-device';
  /** Only a server that has seen many healthy devices can believe in this loss. */
  readonly proven?: true;
  readonly steps: readonly Step[];
}

/**
 * Texts may hold places that the run fills in: `{account}`, `{domain}`, `{component}`, `{node}`, `{token}`,
 * `{secondToken}`, `{key}` (base64), and within a published notification `{sealed}` and `{iv}`.
 */
export type Step =
  /** Asks disco whether the component is a push service for this phone. */
  | { readonly do: 'discover'; readonly expect: boolean }
  /** Default: it is registered. `sameNode`: and the node is the one that it had. */
  | {
      readonly do: 'register';
      readonly expect?: string;
      readonly sameNode?: boolean;
      readonly newToken?: true | 'second';
    }
  /** Asks its server for pushes, sealed where both sides can. `asks`: pieces that its request must, or must not, hold. */
  | { readonly do: 'enable'; readonly sealed?: false; readonly asks?: Pieces }
  /** Sends its server some XML of its own. */
  | { readonly do: 'ask-server'; readonly xml: string; readonly expect: string }
  | { readonly do: 'disable'; readonly everywhere?: true }
  /** `http`: the way for accounts that cannot be reached; the body replaces the usual one. */
  | { readonly do: 'unregister'; readonly over?: 'xmpp' | 'http'; readonly body?: string; readonly expect: string }
  /** Another device of the account, or the same device for another account, comes or leaves. */
  | { readonly do: 'companion'; readonly act: 'register' | 'unregister' }
  /** How the provider treats one of the phone's tokens from now on; without script: as usual. */
  | { readonly do: 'provider'; readonly script: Script | undefined; readonly token?: 'second' }
  /** Something happens to the account, and its server publishes. */
  | { readonly do: 'happen'; readonly event: ServerEvent; readonly expect: Expectation }
  /** A publish written by hand: the inside of `<notification/>`. */
  | {
      readonly do: 'publish';
      readonly notification: string;
      /** What is sealed with the phone's key for `{sealed}`. Default: a chat message. */
      readonly payload?: string;
      /** Whose address. Default: `{domain}`. */
      readonly from?: string;
      readonly node?: string;
      /** Inside of `<publish-options/>`. */
      readonly options?: string;
      /** The whole of `<pubsub/>` in place of one around the notification. */
      readonly pubsub?: string;
      /** Words that stand in clear beside the ciphertext, and must not reach a provider. */
      readonly clear?: readonly string[];
      readonly expect: Expectation;
    }
  /** The provider treats pushes to the phone so while something happens to the account. */
  | {
      readonly do: 'trouble';
      readonly script: Script;
      readonly token?: 'second';
      readonly event: ServerEvent;
      readonly rule: TroubleRule;
    }
  /** A push that comes by itself, because something was queued or held back. */
  | { readonly do: 'wait'; readonly expect: PushExpectation; readonly shows?: Showing };

/**
 * What the provider's answer says of the device, and so what the server of the account may be told. `alive`: nothing;
 * `refused`: this one payload is not acceptable; `dead`: the device is gone; `dead or alive`: it may be; `refused or dead`:
 * one of both; `second token dead`: calls cannot ring any more, and the rest goes on.
 */
export type TroubleRule = 'alive' | 'refused' | 'refused or dead' | 'dead' | 'dead or alive' | 'second token dead';

/** What must come of one publish. */
export interface Expectation {
  /**
   * `result`, `TYPE/CONDITION`, or `no publish` where the server must not publish at all. `kept`: any answer at which
   * every deployed server keeps the device; `kept by sealing servers`: at which those do that seal; `anything`: any.
   */
  readonly answer: string;
  /** Whether the server keeps the device. Default: yes. */
  readonly kept?: boolean;
  /** Requests that reached the provider before the answer, in this order. */
  readonly pushes: readonly PushExpectation[];
  /** Nothing at all may come, too: the notification is of no importance. */
  readonly optional?: true;
  /** No push is prescribed; one without content may come, or must come where the answer is `result`. */
  readonly bare?: 'allowed' | 'required';
  /** What it means when a push comes where none may. */
  readonly never?: string;
  /** What the phone makes of the last one. */
  readonly shows?: Showing;
  /** Fields of the opened JSON; `null`: absent. Default, where something was sealed and arrived: all as it was sealed. */
  readonly opened?: Readonly<Record<string, unknown>>;
  /** The phone cannot open it. */
  readonly unopened?: true;
  /** The stanza of the publish must, or must not, hold these pieces. */
  readonly stanza?: Pieces;
}

/** Pieces of XML, literally. */
export interface Pieces {
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
}

/** How a push reached the provider. */
export interface PushExpectation {
  /**
   * What it is to the phone; decides headers and `aps`, or the priority of FCM. `alert`: the app may open it; `call-alert`:
   * it may not; `visible`: either of both; `carried`: an alert that the app may open, or a background push.
   */
  readonly kind: 'alert' | 'call-alert' | 'visible' | 'background' | 'carried' | 'voip';
  /** The token that it went to. Default: `first`. */
  readonly to?: 'second';
  /** Keys beside `aps`, or of FCM's `data`: these and no others by our own design, these at least by anybody's. */
  readonly keys?: readonly string[];
  /** Values of such keys. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Parts of `aps.alert`. */
  readonly alert?: Readonly<Record<string, unknown>>;
  /** Seconds that it is worth delivering; 0: at once or never. */
  readonly lifetimeS?: number;
  readonly collapseKey?: string;
  /** What the provider answered. Default: 200; 0: nothing. */
  readonly status?: number;
  /** The same `apns-id` as the push before. */
  readonly sameId?: true;
  /** No request is larger than that, in bytes; and none is smaller. */
  readonly bytes?: readonly [atLeast: number, atMost: number];
}

/** What the user notices; only the fields that are given are compared. */
export interface Showing {
  readonly kind: Shown['kind'];
  readonly title?: string;
  readonly text?: string;
  readonly caller?: string;
  readonly sid?: string;
}
