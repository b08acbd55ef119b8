/**
 * AES-128-GCM (NIST SP 800-38D) out of OpenSSL's bare block cipher: its command line has no GCM, so counter mode and GHASH
 * are here, written after the standard and sharing nothing with Node's.
 */
import { spawnSync } from 'node:child_process';

export const opensslFile = '/usr/bin/openssl';

/** Encrypts whole blocks, each for itself, with the command line. */
function encryptBlocks(key: Buffer, blocks: readonly Buffer[]): Buffer[] {
  const { status, stdout, stderr } = spawnSync(
    opensslFile,
    ['enc', '-aes-128-ecb', '-nopad', '-K', key.toString('hex')],
    { input: Buffer.concat(blocks) },
  );
  if (status !== 0) throw new Error(stderr.toString());
  return blocks.map((_, index) => stdout.subarray(index * 16, index * 16 + 16));
}

/** Plaintext and tag for a ciphertext without its tag. */
export function openWithOpenssl(key: Buffer, iv: Buffer, ciphertext: Buffer): { plaintext: Buffer; tag: Buffer } {
  const zero = Buffer.alloc(16);
  const count = Math.ceil(ciphertext.length / 16);
  const [subkey = zero] = encryptBlocks(key, [zero]);
  const hashKey = numberOf(subkey);
  const first =
    iv.length === 12
      ? (numberOf(iv) << 32n) | 1n
      : hash(hashKey, [...blocksOf(iv), lengthBlock(0, iv.length)].map(numberOf));
  const counters = Array.from({ length: count + 1 }, (_, index) => blockOf(increase(first, BigInt(index))));
  const [mask = zero, ...stream] = encryptBlocks(key, counters);
  const keystream = Buffer.concat(stream);
  const plaintext = Buffer.from(ciphertext.map((byte, index) => byte ^ (keystream[index] ?? 0)));
  const digest = hash(hashKey, [...blocksOf(ciphertext), lengthBlock(0, ciphertext.length)].map(numberOf));
  return { plaintext, tag: blockOf(digest ^ numberOf(mask)) };
}

function increase(counter: bigint, by: bigint): bigint {
  const low = 0xffff_ffffn;
  return (counter & ~low) | ((counter + by) & low);
}

/** GHASH: section 6.4. */
function hash(key: bigint, blocks: readonly bigint[]): bigint {
  return blocks.reduce((sum, block) => multiply(sum ^ block, key), 0n);
}

/** Multiplication in GF(2^128), bits reversed: section 6.3. */
function multiply(left: bigint, right: bigint): bigint {
  let product = 0n;
  let factor = right;
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if ((left >> bit) & 1n) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ (0xe1n << 120n) : factor >> 1n;
  }
  return product;
}

function blocksOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, index) => {
    const block = Buffer.alloc(16);
    bytes.copy(block, 0, index * 16);
    return block;
  });
}

function lengthBlock(additionalBytes: number, bytes: number): Buffer {
  return blockOf((BigInt(additionalBytes * 8) << 64n) | BigInt(bytes * 8));
}

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function blockOf(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
}
