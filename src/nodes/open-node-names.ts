/** Where the node key comes from: the config, or a file beside the store that is made when there is none. */
import { dirname, join } from 'node:path';
import type { Secret } from '../core/secret.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import { NodeKeyError, readOrMakeKeyFile, rewriteKeyFile } from './key-file.ts';
import { linesFor, type NodeKey, parseNodeKey, type UnsealedNodes } from './node-key.ts';
import { createNodeNames, type NodeNames, type SealedConvention } from './node-names.ts';
import { deriveNodeKeys } from './sealed-node.ts';

/** `nodes:` of the config. */
export interface NodesConfig {
  /** Text of a node key; absent: the file beside the store. */
  readonly key?: Secret;
  /** These open nodes and seal none. */
  readonly previousKeys: readonly Secret[];
  /** Longest node, characters. */
  readonly maxLength: number;
}

export interface OpenNodeNamesOptions {
  readonly config: NodesConfig;
  /** Absolute path of the file with the registrations; undefined: the store is not a file, so the config must name a key. */
  readonly storePath: string | undefined;
  readonly conventions: readonly SealedConvention[];
  /** Cryptographically strong. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
}

/** Name of the file beside the store. */
export const KEY_FILE = 'node.key';

/** @throws NodeKeyError when there is no node key to work with */
export function openNodeNames({ config, storePath, conventions, randomBytes, log }: OpenNodeNamesOptions): NodeNames {
  const previous = config.previousKeys.map(readConfigured);
  const file = config.key ? undefined : { path: keyPathBeside(storePath), randomBytes };
  const current = config.key ? readConfigured(config.key) : openFile();
  const keys = [current, ...previous];

  function openFile(): NodeKey {
    if (!file) throw new Error('a node key is neither in the config nor in a file');
    const { nodeKey, isNew } = readOrMakeKeyFile(file);
    if (isNew) {
      const hint =
        'Back it up with the provider keys: with it, devices stay registered even if the store is lost. Keep it out of ' +
        'images and repositories.';
      log.warn({ file: file.path, hint }, 'made a node key');
    }
    return nodeKey;
  }

  function writeUnsealed(unsealed: ReadonlySet<UnsealedNodes>): boolean {
    if (!file) {
      const hint = `Add below the node key, and back it up again: ${linesFor(unsealed)}`;
      log.warn({ hint }, 'the node key in the config does not say that older nodes exist');
      return false;
    }
    try {
      rewriteKeyFile(file, { key: current.key, unsealed });
      log.warn({ file: file.path, hint: 'Back it up again.' }, 'noted in the node key that older nodes exist');
      return true;
    } catch (error) {
      log.error({ file: file.path, reason: errorCode(error) }, 'the node key cannot be written');
      return false;
    }
  }

  return createNodeNames({
    keyring: [deriveNodeKeys(current.key), ...previous.map(({ key }) => deriveNodeKeys(key))],
    maxLength: config.maxLength,
    conventions,
    unsealed: new Set(keys.flatMap(({ unsealed }) => [...unsealed])),
    isSelfMade: file !== undefined,
    writeUnsealed,
  });
}

/** Path of the file with the node key. @throws NodeKeyError when the store is in no file */
export function keyPathBeside(storePath: string | undefined): string {
  if (storePath !== undefined) return join(dirname(storePath), KEY_FILE);
  throw new NodeKeyError(
    'there is no node key',
    'Make one (openssl rand -base64 32) and name it in the config: nodes: { key: { file: … } }.',
  );
}

function readConfigured(secret: Secret): NodeKey {
  const nodeKey = parseNodeKey(secret.reveal());
  if (nodeKey) return nodeKey;
  throw new NodeKeyError('a node key in the config is not valid', 'It is 32 bytes in base64: openssl rand -base64 32.');
}
