import type { App } from '../core/app.ts';
import { type Convention, serves } from '../conventions/convention.ts';
import { ImportError } from './source.ts';

/** What of an app matters here. */
export type ImportApp = Pick<App, 'name' | 'provider' | 'conventions' | 'takesSecondToken'>;

/** The app that rows for a provider are for; a text says in constant words why there is none. */
export type ChooseApp = (provider: string) => ImportApp | string;

/**
 * Finds the app of each provider among those that have the convention: its clients will register again that way.
 * @param only name of the app that everything is for
 * @throws ImportError when there can be none
 */
export function chooseApps(apps: readonly ImportApp[], convention: Convention, only: string | undefined): ChooseApp {
  const able = apps.filter((app) => serves(app, convention));
  const named = only === undefined ? able : able.filter(({ name }) => name === only);
  if (named.length === 0) {
    if (only !== undefined && !apps.some(({ name }) => name === only)) {
      throw new ImportError(`the config has no app ${only}; it has ${apps.map(({ name }) => name).join(', ')}`);
    }
    const whose = only === undefined ? 'an app' : `the app ${only}`;
    throw new ImportError(
      `the conventions of ${whose} must have ${convention.name}, for its clients to be known again`,
    );
  }
  const byProvider = Map.groupBy(named, (app) => app.provider);
  return (provider) => {
    const fitting = byProvider.get(provider) ?? [];
    const [app] = fitting;
    if (!app)
      return only === undefined ? `no app of ${provider} has the convention` : `is not for the provider of the app`;
    return fitting.length === 1 ? app : `several apps of ${provider} have the convention: name one with --app`;
  };
}
