/** Nodes for registrations, and what a node says of its registration where the store does not have it. */
import type { Registration, RegistrationRequest } from '../core/registration.ts';
import { linesFor, type UnsealedNodes } from './node-key.ts';
import { looksSealed, type NodeContent, type NodeKeys, openNode, sealNode, secretOf } from './sealed-node.ts';

/** The parts of a convention that its nodes depend on. */
export interface SealedConvention {
  readonly name: string;
  /** Stands in nodes for ever: see `docs/nodes.md`. */
  readonly number: number;
  /** `tokens`: clients register once; `device`: they register at each login, and bring their token then. */
  readonly holds: 'tokens' | 'device';
}

/** A new node. */
export interface MadeNode {
  readonly node: string;
  /** Set if publishes must carry a secret. */
  readonly secret?: string;
  /** `digest`: the data of the device did not fit. */
  readonly holds: NodeContent['holds'];
}

/** What a node says that the node key opens. */
export type OpenedNode =
  /** All of a registration. `registeredAtMs` is 0, so that any report of a dead token counts as newer. */
  | { readonly kind: 'registration'; readonly registration: Registration }
  /** App, account and device. The token comes when the client logs in again. */
  | {
      readonly kind: 'device';
      readonly app: string;
      readonly account: string;
      readonly device: string;
      readonly secret?: string;
    }
  /** It is one of ours; nothing more is known. */
  | { readonly kind: 'ours' };

/** Makes and reads nodes. */
export interface NodeNames {
  /** The node for a device that has none yet. The same request gives the same node while key and `maxLength` stay the same. */
  make(request: RegistrationRequest): MadeNode;
  /** Undefined: no node key of ours opens it. */
  open(node: string): OpenedNode | undefined;
  /**
   * Whether a node that does not open and is not in the store may have been ours all the same, so that no server may be
   * told to drop it. True for the form of an unsealed node whose kind exists, and for a sealed node if this installation
   * may have lost its key.
   */
  mayBeOurs(node: string): boolean;
  /** Records that unsealed nodes of these kinds exist. Writes this to the key file before it returns, if it can. */
  noteUnsealed(kinds: ReadonlySet<UnsealedNodes>): void;
  /** Lines about unsealed nodes that could not be written to the node key; empty: nothing is missing. */
  readonly missingLines: string;
}

export interface NodeNamesOptions {
  /** The first one seals, all of them open. */
  readonly keyring: readonly [NodeKeys, ...NodeKeys[]];
  /** Longest node, characters. */
  readonly maxLength: number;
  readonly conventions: readonly SealedConvention[];
  /** What the keys say of unsealed nodes. */
  readonly unsealed: ReadonlySet<UnsealedNodes>;
  /** Whether the key comes from the file beside the store. It may then replace one that is lost or on another volume. */
  readonly isSelfMade: boolean;
  /** Writes to the key that unsealed nodes exist. False: the key is in the config, or its file cannot be written. */
  readonly writeUnsealed: (kinds: ReadonlySet<UnsealedNodes>) => boolean;
}

/** As versions before sealed nodes made them: 24 random bytes. */
const RANDOM = /^[A-Za-z0-9_-]{32}$/;
/** As they can be imported. */
const IMPORTED = /^[\x21-\x7e]{1,255}$/;

/** Nodes by these keys. */
export function createNodeNames(options: NodeNamesOptions): NodeNames {
  const { keyring, maxLength, conventions, isSelfMade, writeUnsealed } = options;
  const [sealing] = keyring;
  const byName = new Map(conventions.map((convention) => [convention.name, convention]));
  const byNumber = new Map(conventions.map((convention) => [convention.number, convention]));
  let { unsealed } = options;
  let missing: readonly UnsealedNodes[] = [];

  return {
    make(request) {
      const convention = byName.get(request.convention);
      if (!convention) throw new Error(`the convention ${request.convention} makes no nodes`);
      const { app, account, device, token, secondToken, withSecret } = request;
      const subject = { app, convention: convention.number, withSecret, account, device };
      const content =
        convention.holds === 'device'
          ? ({ holds: 'device', ...subject } as const)
          : ({ holds: 'tokens', ...subject, token, ...(secondToken !== undefined && { secondToken }) } as const);
      const { node, holds } = sealNode(content, sealing, maxLength);
      return { node, holds, ...(withSecret && { secret: secretOf(node, sealing) }) };
    },

    open(node) {
      const opened = openNode(node, keyring);
      if (!opened) return undefined;
      const { content, keys } = opened;
      const secret = content.withSecret ? { secret: secretOf(node, keys) } : {};
      const convention = byNumber.get(content.convention);
      // A convention of a later version is as good as a digest: it was ours.
      if (!convention || content.holds === 'digest') return { kind: 'ours' };
      const { app, account, device } = content;
      if (content.holds === 'device') return { kind: 'device', app, account, device, ...secret };
      const { token, secondToken } = content;
      const registration: Registration = {
        ...{ node, app, convention: convention.name, account, device, token },
        ...(secondToken !== undefined && { secondToken }),
        ...secret,
        registeredAtMs: 0,
        isRestored: true,
      };
      return { kind: 'registration', registration };
    },

    mayBeOurs(node) {
      if (looksSealed(node)) return isSelfMade;
      return (unsealed.has('random') && RANDOM.test(node)) || (unsealed.has('imported') && IMPORTED.test(node));
    },

    noteUnsealed(kinds) {
      const unsaid = [...kinds].filter((kind) => !unsealed.has(kind));
      if (unsaid.length === 0) return;
      unsealed = new Set([...unsealed, ...unsaid]);
      if (!writeUnsealed(unsealed)) missing = [...missing, ...unsaid];
    },

    get missingLines() {
      return linesFor(missing);
    },
  };
}
