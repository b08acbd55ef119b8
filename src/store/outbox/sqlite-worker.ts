import { parentPort, workerData } from 'node:worker_threads';
import { createOutboxWorker } from './worker.ts';
import type { Reply, Request, ThreadData } from './worker-protocol.ts';

// The thread that waits for the disk, so that the event loop does not. It opens the file, then takes one batch after
// another until it is told to close.

const worker = createOutboxWorker({ ...(workerData as ThreadData), now: Date.now });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const send = (reply: Reply): void => parentPort?.postMessage(reply);

parentPort?.on('message', (request: Request) => {
  if (request.kind === 'batch') {
    send(worker.handle(request));
    return;
  }
  worker.close();
  parentPort?.close();
});

send(worker.open());
