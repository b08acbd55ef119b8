import type { AdminOptions } from '../../src/ops/admin/api.ts';

const nobody = () => Promise.reject(new Error('not asked'));

/** What the admin API is given; set what matters to the test. */
export function adminOf(over: Partial<AdminOptions> = {}): AdminOptions {
  return {
    hosts: ['127.0.0.1'],
    version: '1.2.3',
    guard: { describe: () => ({ state: 'watching', holds: [], count: 0 }), release: () => 0 },
    devices: {
      ...{ ofAccount: nobody, find: nobody, resolve: nobody, revoke: nobody, forget: nobody },
      // oxlint-disable-next-line require-yield
      async *list() {
        await nobody();
      },
    },
    failures: () => [],
    tracing: { follow: () => undefined },
    sendTest: nobody,
    ...over,
  };
}
