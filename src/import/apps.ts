import type { App } from '../core/app.ts';
import { type Convention, serves } from '../conventions/convention.ts';
import { ImportError } from './source.ts';

/** The part of an app's settings that an import needs. */
export type ImportApp = Pick<App, 'name' | 'provider' | 'conventions' | 'takesSecondToken'>;

/** Returns the app for rows of a provider, or a constant text that says why there is none. */
export type ChooseApp = (provider: string) => ImportApp | string;

/**
 * Finds the app of each provider among those with the convention by which the imported clients will register again.
 * @param only name of the app that everything belongs to
 * @throws ImportError if there can be none
 */
export function chooseApps(apps: readonly ImportApp[], convention: Convention, only: string | undefined): ChooseApp {
  const candidates = apps.filter((app) => serves(app, convention));
  const named = only === undefined ? candidates : candidates.filter(({ name }) => name === only);
  if (named.length === 0) {
    if (only !== undefined && !apps.some(({ name }) => name === only)) {
      throw new ImportError(`the config has no app ${only}; it has ${apps.map(({ name }) => name).join(', ')}`);
    }
    const whose = only === undefined ? 'an app' : `the app ${only}`;
    throw new ImportError(
      `the conventions of ${whose} must include ${convention.name}, so that its clients can register again`,
    );
  }
  const byProvider = Map.groupBy(named, (app) => app.provider);
  return (provider) => {
    const fitting = byProvider.get(provider) ?? [];
    const [app] = fitting;
    if (!app)
      return only === undefined
        ? `no app of ${provider} has the convention`
        : `the row is for another provider than the app`;
    return fitting.length === 1 ? app : `several apps of ${provider} have the convention: name one with --app`;
  };
}
