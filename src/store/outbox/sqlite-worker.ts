import { parentPort, workerData } from 'node:worker_threads';
import { createKeeper } from './worker.ts';
import type { Reply, Request, ThreadData } from './worker-protocol.ts';

// The thread that waits for the disk, so that nobody else has to. Its file is opened first; then batches are taken one by
// one until the order to close, after which nothing keeps the thread.

const keeper = createKeeper({ ...(workerData as ThreadData), now: Date.now });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const send = (reply: Reply): void => parentPort?.postMessage(reply);

parentPort?.on('message', (request: Request) => {
  if (request.kind === 'batch') {
    send(keeper.handle(request));
    return;
  }
  keeper.close();
  parentPort?.close();
});

send(keeper.open());
