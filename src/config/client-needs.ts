/** Settings of an app that do not suit the clients that are known by its ids. */
import type { App } from '../core/app.ts';
import { clientsOf } from '../core/known-clients.ts';
import type { Log } from '../telemetry/log.ts';

type AppView = Pick<App, 'name' | 'ids' | 'unimportant'>;

/** What of an app does not suit a client. */
export interface ClientNeed {
  readonly app: string;
  readonly problem: string;
  /** What to do. */
  readonly hint: string;
}

/** Finds the apps that carry sealed content into the background of clients that crash on some of it. */
export function findClientNeeds(apps: readonly AppView[]): ClientNeed[] {
  return apps
    .filter(({ unimportant }) => unimportant === 'carry')
    .flatMap(({ name, ids }) =>
      clientsOf(ids)
        .filter(({ crashesOnUnimportant }) => crashesOnUnimportant)
        .map((client) => ({
          app: name,
          problem: `${client.name} crashes on sealed content in the background`,
          hint: `Set apps.${name}.unimportant: bare. The client does nothing with such content.`,
        })),
    );
}

/** Logs a warning for each of them. */
export function warnOfClientNeeds({ apps, log }: { readonly apps: readonly AppView[]; readonly log: Log }): void {
  for (const { app, problem, hint } of findClientNeeds(apps)) log.warn({ app, hint }, problem);
}
