/** Settings of an app that do not suit the clients that are known by its ids. */
import type { App } from '../core/app.ts';
import { clientsOf } from '../core/known-clients.ts';
import type { Log } from '../telemetry/log.ts';

/** Warns of each app that carries sealed content into the background of clients that crash on some of it. */
export function warnOfClientNeeds({
  apps,
  log,
}: {
  readonly apps: readonly Pick<App, 'name' | 'ids' | 'unimportant'>[];
  readonly log: Log;
}): void {
  for (const { name, ids, unimportant } of apps) {
    if (unimportant !== 'carry') continue;
    for (const client of clientsOf(ids).filter(({ crashesOnUnimportant }) => crashesOnUnimportant)) {
      const hint = `Set apps.${name}.unimportant: bare. The client does nothing with such content.`;
      log.warn({ app: name, hint }, `${client.name} crashes on sealed content in the background`);
    }
  }
}
