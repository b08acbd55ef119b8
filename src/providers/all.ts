import type { z } from 'zod';
import type { AppContext } from '../config/kinds/app.ts';
import { apns } from './apns/apns.ts';
import { fcm } from './fcm/fcm.ts';
import type { CreateProvider, ProviderDefinition, ProviderEnvironment } from './provider.ts';

/** Every provider, in the order in which they are documented. */
const providers = [apns, fcm] as const satisfies readonly ProviderDefinition[];

type Section = ReturnType<(typeof providers)[number]['section']>;

/** The settings of an app of any provider. */
export type AppSettings = { readonly name: string } & z.output<Section>;

export const providerNames: readonly string[] = providers.map(({ name }) => name);

const byName: ReadonlyMap<string, ProviderDefinition> = new Map(providers.map((provider) => [provider.name, provider]));

/** The sections of the config for apps, one for each provider. */
export function appSections(context: AppContext): [Section, ...Section[]] {
  const [first, ...others] = providers;
  return [first.section(context), ...others.map((provider) => provider.section(context))];
}

/** Makes the provider of any app; what apps of one provider share is made once. */
export function startProviders(environment: ProviderEnvironment): CreateProvider {
  const creators = new Map([...byName].map(([name, provider]) => [name, provider.start(environment)]));
  return (app, onReplaced) => {
    const create = creators.get(app.provider);
    if (!create) throw new Error(`there is no provider ${app.provider}`);
    return create(app, onReplaced);
  };
}

/** The device token in what a client wrote, in the form that is stored; undefined: it is none of this provider's. */
export function parseDeviceToken(provider: string, written: string): string | undefined {
  return byName.get(provider)?.parseToken(written);
}

/** The device token that a node is; undefined: it is none of this provider's, or of no provider's where none is named. */
export function parseTokenNode(node: string, provider?: string): string | undefined {
  if (provider !== undefined) return byName.get(provider)?.parseNode(node);
  return providers.map((one) => one.parseNode(node)).find((token) => token !== undefined);
}
