import { sealedConventions } from '../../src/conventions/all.ts';
import type { UnsealedNodes } from '../../src/nodes/node-key.ts';
import { createNodeNames, type NodeNames, type NodeNamesOptions } from '../../src/nodes/node-names.ts';
import { deriveNodeKeys } from '../../src/nodes/sealed-node.ts';

/** Keys that are the same in each run. */
export const nodeKeys = deriveNodeKeys(Uint8Array.from({ length: 32 }, (_, i) => i));
export const otherNodeKeys = deriveNodeKeys(new Uint8Array(32).fill(7));

/** Nodes by a key that the operator chose, where none are of before; give what matters to the test. */
export function nodeNames(over: Partial<NodeNamesOptions> = {}): NodeNames {
  return createNodeNames({
    keyring: [nodeKeys],
    maxLength: 250,
    conventions: sealedConventions,
    unsealed: new Set<UnsealedNodes>(),
    isSelfMade: false,
    writeUnsealed: () => true,
    ...over,
  });
}
