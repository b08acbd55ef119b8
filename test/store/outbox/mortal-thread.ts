import { parentPort } from 'node:worker_threads';
import type { Request } from '../../../src/store/sqlite/protocol.ts';

// Listens before the real thread does, so it dies before the thread has seen the statements.
parentPort?.on('message', (request: Request) => {
  if (request.kind !== 'run') return;
  const isPoisoned = request.statements.some(
    ({ parameters }) => parameters.length > 10 && parameters.includes('poison'),
  );
  // Ends only the thread, at once.
  if (isPoisoned) process.exit(1);
});

await import('../../../src/store/sqlite/worker.ts');
