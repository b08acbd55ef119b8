/** The text form of a node key, in its file or in the config. */
import { NODE_KEY_BYTES } from './sealed-node.ts';

/**
 * Nodes that no node key made and that servers may still name: `random` ones of versions before sealed nodes, and
 * `imported` ones of another push app server. A look-up cannot tell one that was lost from one that never was.
 */
export type UnsealedNodes = 'random' | 'imported';

/** A node key, and what its text says about unsealed nodes. */
export interface NodeKey {
  /** `NODE_KEY_BYTES` bytes. */
  readonly key: Uint8Array;
  /** Kinds of unsealed nodes that servers may name. */
  readonly unsealed: ReadonlySet<UnsealedNodes>;
}

/** The line of the file that says that unsealed nodes of a kind exist. */
const lines: Readonly<Record<UnsealedNodes, string>> = {
  random: 'random-nodes',
  imported: 'imported-nodes',
};
const kinds = Object.keys(lines) as UnsealedNodes[];

/** 32 bytes in either alphabet of base64, with or without padding. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** @returns undefined: the text is no node key */
export function parseNodeKey(text: string): NodeKey | undefined {
  const [written = '', ...words] = text.trim().split(/\s+/);
  if (!BASE64.test(written)) return undefined;
  const key = Buffer.from(written, 'base64');
  const unsealed = words.map((word) => kinds.find((kind) => lines[kind] === word));
  // A word that this version does not know may say that nodes have to be kept.
  if (key.length !== NODE_KEY_BYTES || unsealed.includes(undefined)) return undefined;
  return { key, unsealed: new Set(unsealed.filter((kind) => kind !== undefined)) };
}

/** The text form that `parseNodeKey` reads. */
export function formatNodeKey({ key, unsealed }: NodeKey): string {
  const words = kinds.filter((kind) => unsealed.has(kind)).map((kind) => lines[kind]);
  return [Buffer.from(key).toString('base64'), ...words, ''].join('\n');
}

/** The lines by which a node key says that unsealed nodes exist, for messages. */
export function linesFor(unsealed: Iterable<UnsealedNodes>): string {
  return Array.from(unsealed, (kind) => lines[kind]).join(', ');
}
