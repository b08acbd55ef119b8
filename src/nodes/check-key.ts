import { existsSync } from 'node:fs';
import type { PartFinding } from '../core/finding.ts';
import { NodeKeyError, readKeyFile } from './key-file.ts';
import { keyPathBeside, type NodesConfig } from './open-node-names.ts';

/** Checks that there is a node key, without making one. Never throws. */
export function checkNodeKey(config: NodesConfig, storePath: string | undefined): PartFinding {
  // The config refuses a key that is none.
  if (config.key) {
    return { status: 'pass', message: 'the node key is in the config; keep a copy of it with the provider keys' };
  }
  try {
    const path = keyPathBeside(storePath);
    if (readKeyFile(path)) {
      return { status: 'pass', message: `the node key is ${path}; keep a copy of it with the provider keys` };
    }
    const isLost = storePath !== undefined && existsSync(storePath);
    const hint = isLost
      ? 'Put its backup in its place, else a new one is made: registrations then last as long as the store does.'
      : 'Back it up after the first start: with it, devices stay registered even if the store is lost.';
    return { status: 'warn', message: `there is no node key ${path} yet; the next start makes it`, hint };
  } catch (error) {
    if (!(error instanceof NodeKeyError)) throw error;
    const [message = ''] = error.message.split('\n');
    return { status: 'fail', message, hint: error.hint };
  }
}
