import { parentPort } from 'node:worker_threads';
import type { Request } from '../../../src/store/outbox/worker-protocol.ts';

// Listens before the real thread does, so it dies before the thread has seen the batch.
parentPort?.on('message', (request: Request) => {
  if (request.kind !== 'batch') return;
  const poisoned = request.operations.some(
    (operation) => operation.kind === 'enqueue' && operation.row.node === 'poison',
  );
  // Ends only the thread, at once.
  if (poisoned) process.exit(1);
});

await import('../../../src/store/outbox/sqlite-worker.ts');
