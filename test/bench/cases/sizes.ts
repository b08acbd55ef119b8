/** Stores with many registrations, which several cases share. */
import { fillStore } from '../fill.ts';
import type { Store } from '../stores.ts';
import type { Bench } from './contract.ts';

export const sizes = { '1k': 1_000, '1m': 1_000_000, '10m': 10_000_000 } as const;
export type Size = keyof typeof sizes;

/** Of each provider: so many that neither rate limits nor the cache of a few pages decide. */
const published = 20_000;

/** The SQLite store of this size, filled when it is first asked for; the generator knows devices from all of it. */
export async function openSized({ world, report }: Bench, size: Size): Promise<Store> {
  const store = await world.stores.sqlite(`sized ${size}`);
  const set = { store: store.name, provider: 'apns' } as const;
  if ((await world.generator.call('devices', set)).length > 0) return store;
  // Makes the tables.
  await (await world.startServer({ store }))[Symbol.asyncDispose]();
  if (store.path === undefined) throw new Error('the store is no file');
  const { signal } = world;
  const sampled = await fillStore({ path: store.path, registrations: sizes[size], sample: published, signal, report });
  for (const provider of ['apns', 'fcm'] as const)
    await world.generator.call('adopt', { store: store.name, provider, devices: sampled[provider] });
  return store;
}
