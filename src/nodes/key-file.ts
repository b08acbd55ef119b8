/** The file of a node key that the config does not name: made when there is none, never replaced by another key. */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../telemetry/error-code.ts';
import { formatNodeKey, type NodeKey, parseNodeKey } from './node-key.ts';
import { NODE_KEY_BYTES } from './sealed-node.ts';

/** There is no node key to work with; nothing was changed. The message is for the operator and ends with the hint. */
export class NodeKeyError extends Error {
  override readonly name = 'NodeKeyError';
  /** What an operator should do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(`${message}\n    ${hint}`, options);
    this.hint = hint;
  }
}

export interface KeyFileOptions {
  readonly path: string;
  /** Cryptographically strong. */
  readonly randomBytes: (size: number) => Uint8Array;
}

/**
 * Reads the file, or makes it: mode 0600, on the disk before this returns. If several processes make it at once, one
 * succeeds and the others read its key.
 * @throws NodeKeyError when it cannot be read, holds no node key or cannot be made
 */
export function readOrMakeKeyFile({ path, randomBytes }: KeyFileOptions): {
  readonly nodeKey: NodeKey;
  readonly isNew: boolean;
} {
  const found = readKeyFile(path);
  if (found) return { nodeKey: found, isNew: false };
  const nodeKey: NodeKey = { key: randomBytes(NODE_KEY_BYTES), unsealed: new Set() };
  const isNew = write(path, nodeKey, randomBytes, 'new');
  // Another process was faster.
  return isNew ? { nodeKey, isNew } : { nodeKey: readKeyFile(path) ?? nodeKey, isNew };
}

/**
 * Adds kinds of unsealed nodes to the file. The key and the lines that it has stay.
 * @throws NodeKeyError when it cannot be written, or holds another key by now
 */
export function rewriteKeyFile({ path, randomBytes }: KeyFileOptions, { key, unsealed }: NodeKey): void {
  const found = readKeyFile(path);
  if (found && !Buffer.from(found.key).equals(key)) {
    throw new NodeKeyError(`${path} holds another node key by now`, 'It was left as it is. Restart Sealpost.');
  }
  write(path, { key, unsealed: new Set([...unsealed, ...(found?.unsealed ?? [])]) }, randomBytes, 'same-key');
}

/** Undefined if there is no file. @throws NodeKeyError when it cannot be read or holds no node key */
export function readKeyFile(path: string): NodeKey | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    const hint = 'The user that Sealpost runs as must be allowed to read it. No other key was made in its place.';
    throw new NodeKeyError(`cannot read the node key ${path} (${errorCode(error)})`, hint, { cause: error });
  }
  const nodeKey = parseNodeKey(text);
  if (nodeKey) return nodeKey;
  throw new NodeKeyError(
    `${path} holds no node key`,
    'Put the backup of the file in its place. A node key is 32 bytes in base64 on the first line. If there is no backup, ' +
      'move the file away: a new key is made, and registrations then last as long as the store does.',
  );
}

/** Gives the draft its name unless the name is taken. Some file systems (SMB, FAT) have no links: then it is copied. */
function takeName(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!withoutLinks.has(errorCode(error))) throw error;
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
  }
}

const withoutLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Writes a draft, syncs it, then links or renames it, so that nobody ever reads half a key. False: the file is there already. */
function write(
  path: string,
  nodeKey: NodeKey,
  randomBytes: KeyFileOptions['randomBytes'],
  what: 'new' | 'same-key',
): boolean {
  const draft = `${path}.${Buffer.from(randomBytes(6)).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(draft, formatNodeKey(nodeKey));
    if (what === 'new') takeName(draft, path);
    else renameSync(draft, path);
    syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (what === 'new' && errorCode(error) === 'EEXIST') return false;
    const hint =
      `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}. ` +
      'Or make a key elsewhere (openssl rand -base64 32) and name it in the config: nodes: { key: { file: … } }.';
    throw new NodeKeyError(`cannot write the node key ${path} (${errorCode(error)})`, hint, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
