import type { App } from '../core/app.ts';
import type { AppSender } from './app-sender.ts';

/** The app senders of a process by the name of the app. */
export interface AppSenders<Settings extends App = App> {
  /** Changes with `replace`. */
  readonly byName: ReadonlyMap<string, AppSender>;
  /**
   * Adds apps, or puts others of the same name in their place, and removes some. Pushes under way end with the sender
   * that has them; those that come to it later are queued.
   * @throws what making a sender throws; then nothing has changed
   */
  replace(change: { readonly apps: readonly Settings[]; readonly removed: readonly string[] }): void;
  /** Hurries all, those that were replaced included: see `AppSender`. */
  hurry(graceMs: number): void;
  /** Closes all, those that were replaced included, once their last push is answered. */
  drain(): Promise<void>;
}

/** @param make makes the sender of an app; throws if the app's credentials cannot be used at all */
export function createAppSenders<Settings extends App>(make: (app: Settings) => AppSender): AppSenders<Settings> {
  const byName = new Map<string, AppSender>();
  const retiring = new Map<AppSender, Promise<void>>();

  function retire(appSender: AppSender | undefined): void {
    if (!appSender) return;
    appSender.retire();
    const drained = appSender.provider.drain();
    retiring.set(appSender, drained);
    void drained.then(() => retiring.delete(appSender));
  }

  return {
    byName,
    replace({ apps, removed }) {
      const made: AppSender[] = [];
      try {
        for (const app of apps) made.push(make(app));
      } catch (error) {
        for (const appSender of made) retire(appSender);
        throw error;
      }
      for (const name of removed) {
        retire(byName.get(name));
        byName.delete(name);
      }
      for (const appSender of made) {
        retire(byName.get(appSender.app.name));
        byName.set(appSender.app.name, appSender);
        appSender.announce();
      }
    },
    hurry(graceMs) {
      for (const appSender of [...retiring.keys(), ...byName.values()]) appSender.hurry(graceMs);
    },
    async drain() {
      await Promise.all([...retiring.values(), ...[...byName.values()].map(({ provider }) => provider.drain())]);
    },
  };
}
