/** Nodes for registrations, and what a node says of its registration where the store does not have it. */
import type { Registration, RegistrationRequest } from '../core/registration.ts';
import { linesFor, type UnsealedNodes } from './node-key.ts';
import { looksSealed, type NodeContent, type NodeKeys, openNode, sealNode, secretOf } from './sealed-node.ts';

/** What of a convention its nodes depend on. */
export interface SealedConvention {
  readonly name: string;
  /** Stands in nodes for ever: see `docs/nodes.md`. */
  readonly number: number;
  /** `tokens`: clients register once; `device`: they register at each login, and bring their token then. */
  readonly holds: 'tokens' | 'device';
}

export interface MadeNode {
  readonly node: string;
  /** Where publishes are to carry one. */
  readonly secret?: string;
  /** `digest`: what is to be known of the device was too long. */
  readonly holds: NodeContent['holds'];
}

/** What a node says that the node key opens. */
export type OpenedNode =
  /** All of a registration. `registeredAtMs` is 0: whenever a provider says that the token died, it was after that. */
  | { readonly kind: 'registration'; readonly registration: Registration }
  /** Whose it is; its token comes with the next login. */
  | {
      readonly kind: 'device';
      readonly app: string;
      readonly account: string;
      readonly device: string;
      readonly secret?: string;
    }
  /** That it is one of ours. */
  | { readonly kind: 'ours' };

export interface NodeNames {
  /** The node that a device gets that has none yet; for the same device always the same. */
  make(request: RegistrationRequest): MadeNode;
  /** Undefined: no node key of ours opens it. */
  open(node: string): OpenedNode | undefined;
  /**
   * Whether a node that does not open and is not in the store may have been ours all the same, so that no server may be
   * told to drop it: an unsealed one of which such exist, or one that the lost key of this installation sealed.
   */
  mayBeOurs(node: string): boolean;
  /** Such nodes are in the store, or will be. Durable where the key is kept, before this returns, if it can be written. */
  noteUnsealed(kinds: ReadonlySet<UnsealedNodes>): void;
  /** The lines that the key in the config lacks although such nodes exist; empty: it says all. */
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
  /** Whether nobody chose the key: then it may have been made in place of one that is lost or on another volume. */
  readonly isSelfMade: boolean;
  /** Writes to the key that such nodes exist. False: it is not ours to write. */
  readonly writeUnsealed: (kinds: ReadonlySet<UnsealedNodes>) => boolean;
}

/** As versions before sealed nodes made them: 24 random bytes. */
const RANDOM = /^[A-Za-z0-9_-]{32}$/;
/** As they can be imported. */
const IMPORTED = /^[\x21-\x7e]{1,255}$/;

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
