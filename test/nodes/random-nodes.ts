import { createHash } from 'node:crypto';
import { type NodeKeys, openNode } from '../../src/nodes/sealed-node.ts';

const longestBytes = 187;
const nodesPerBlock = 1_000;

/**
 * Texts of the form of sealed nodes with pseudo-random content, the same in each run.
 * @returns those that opened
 */
export function rejectRandomNodes(count: number, keys: NodeKeys): readonly string[] {
  const opened: string[] = [];
  let block = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    const place = i % nodesPerBlock;
    if (place === 0) {
      const outputLength = longestBytes * nodesPerBlock;
      block = createHash('shake256', { outputLength }).update(String(i)).digest();
    }
    const bytes = block.subarray(place * longestBytes, place * longestBytes + 26 + (i % (longestBytes - 25)));
    bytes[0] = 1;
    const node = bytes.toString('base64url');
    if (openNode(node, [keys])) opened.push(node);
  }
  return opened;
}
