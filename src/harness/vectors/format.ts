/**
 * Test vectors for implementers in any language: the shape of the files in `vectors/`. `vectors/README.md` says how to use
 * them.
 */
import type { OmemoForDevice, ServerEvent } from '../server/event.ts';
import type { EnableAnswer } from '../server/enabling.ts';
import type { OpeningRefusal } from '../sealing/opening.ts';
import type { SealedPayload } from '../sealing/payload-json.ts';

/** Changes when a reader of the old shape would misread a file. */
export const vectorFormat = 'sealpost-vectors-1';

/** Encrypted Push Notifications 4.4: plaintext to base64 of ciphertext and tag. Key, IV and ciphertext are base64. */
export interface SealingVector {
  readonly name: string;
  readonly key: string;
  readonly iv: string;
  /** UTF-8. */
  readonly plaintext: string;
  readonly ciphertext: string;
  /** `zero`: sixteen NUL bytes stand where the tag belongs, as some servers write it. */
  readonly tag: 'valid' | 'zero';
}

/** What a device makes of `<encrypted/>`, broken ones included. */
export interface OpeningVector {
  readonly name: string;
  readonly key: string;
  readonly iv: string;
  readonly ciphertext: string;
  /** Whether the reader looks at the tag. */
  readonly tag: 'verify' | 'ignore';
  readonly expected: { readonly text: string } | { readonly refused: OpeningRefusal };
}

/** Encrypted Push Notifications 4.2: `max-size`. */
export interface FittingVector {
  readonly name: string;
  readonly payload: SealedPayload;
  /** Bytes of base64 that the sealed payload may have. */
  readonly maxSize: number;
  readonly expected: {
    /** The JSON that is sealed, byte for byte. */
    readonly json: string;
    readonly fits: boolean;
    readonly bodyCut: boolean;
    readonly omemoDropped: boolean;
  };
}

/** Both texts 4.1, examples 1 and 2: what a server answers to disco#info of an account, and what a client reads in it. */
export interface DiscoveryVector {
  readonly name: string;
  /** The account that is asked. */
  readonly account: string;
  /** To a server; absent: the vector is about reading an answer alone. */
  readonly query?: string;
  /** To a client; absent: the client reads the answer of the server. */
  readonly answer?: string;
  readonly expected: {
    /** The reference server's answer to the query. */
    readonly xml?: string;
    /** Whether a client may ask for sealing, and for OMEMO data. */
    readonly seals: boolean;
    readonly omemo: boolean;
    /** Names of algorithms, in the order of the answer. */
    readonly algorithms: readonly string[];
  };
}

/** Encrypted Push Notifications 4.2 and 4.3, OMEMO variant 4.2: what a server makes of `<enable/>`. */
export interface EnablingVector {
  readonly name: string;
  readonly xml: string;
  readonly expected: EnableAnswer;
  /** What is asked for from then on, when it was accepted. */
  readonly device?: { readonly key?: string; readonly maxSize?: number; readonly omemoDevice?: string };
}

/** Encrypted Push Notifications 4.4: from an event to the stanza. */
export interface PublishVector {
  readonly name: string;
  readonly account: string;
  readonly enable: string;
  readonly event: ServerEvent;
  readonly unread: number;
  readonly id: string;
  /** Base64; the one random value in the stanza. */
  readonly iv: string;
  readonly expected: { readonly xml: string; readonly json?: string };
}

/** OMEMO variant 4.3: the object for one device; `null`: none. */
export interface OmemoVector {
  readonly name: string;
  readonly encrypted: string;
  readonly account: string;
  readonly deviceId: string;
  readonly expected: OmemoForDevice | null;
}

interface Kinds {
  readonly sealing: SealingVector;
  readonly opening: OpeningVector;
  readonly fitting: FittingVector;
  readonly discovery: DiscoveryVector;
  readonly enabling: EnablingVector;
  readonly publishing: PublishVector;
  readonly omemo: OmemoVector;
}

export type VectorKind = keyof Kinds;
export type VectorOf<Kind extends VectorKind> = Kinds[Kind];

/** One file: vectors of one kind. */
export type VectorFile = {
  [Kind in VectorKind]: {
    readonly format: typeof vectorFormat;
    readonly kind: Kind;
    readonly about: string;
    readonly vectors: readonly Kinds[Kind][];
  };
}[VectorKind];
