/** A thread that reads a large file to find damage, while the server works. Its only message is whether it is sound. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { isSound } from './structure.ts';

const database = new DatabaseSync(String(workerData), { readOnly: true });
const verdict = isSound(database);
database.close();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(verdict);
