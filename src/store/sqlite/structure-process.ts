/** A process that reads a large file to find damage, while the server works. Its argument is the path. */
import { DatabaseSync } from 'node:sqlite';
import { damagedCode, isSound } from './structure.ts';

const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
process.exitCode = isSound(database) ? 0 : damagedCode;
