import type { z } from 'zod';
import type { AppContext } from '../config/kinds/app.ts';
import { apns } from './apns/apns.ts';
import { fcm } from './fcm/fcm.ts';
import type { PartFinding } from '../core/finding.ts';
import type { CheckEnvironment, CreateProvider, ProviderDefinition, ProviderEnvironment } from './provider.ts';

/** Every provider, in the order in which they are documented. */
const providers = [apns, fcm] as const satisfies readonly ProviderDefinition[];

type Section = ReturnType<(typeof providers)[number]['section']>;

/** Settings of an app, whatever its provider. */
export type AppSettings = { readonly name: string } & z.output<Section>;

/** Names of all providers. */
export const providerNames: readonly string[] = providers.map(({ name }) => name);

const byName: ReadonlyMap<string, ProviderDefinition> = new Map(providers.map((provider) => [provider.name, provider]));

/** The sections of the config for apps, one per provider. */
export function appSections(context: AppContext): [Section, ...Section[]] {
  const [first, ...others] = providers;
  return [first.section(context), ...others.map((provider) => provider.section(context))];
}

/** Returns a function that makes the provider of any app. What apps of one provider share is made once. */
export function startProviders(environment: ProviderEnvironment): CreateProvider {
  const creators = new Map([...byName].map(([name, provider]) => [name, provider.start(environment)]));
  return (app, onReplaced) => {
    const create = creators.get(app.provider);
    if (!create) throw new Error(`there is no provider ${app.provider}`);
    return create(app, onReplaced);
  };
}

/** Checks credentials and settings of an app, part by part. Never throws. */
export function checkApp(app: AppSettings, environment: CheckEnvironment): AsyncIterable<PartFinding> {
  const provider = byName.get(app.provider);
  if (!provider) throw new Error(`there is no provider ${app.provider}`);
  return provider.check(app, environment);
}

/** The device token that a client wrote, in its stored form; undefined if it is not valid for this provider. */
export function parseDeviceToken(provider: string, written: string): string | undefined {
  return byName.get(provider)?.parseToken(written);
}

/** The device token that a node is; undefined if it is not one of this provider or, without a provider, of any. */
export function parseTokenNode(node: string, provider?: string): string | undefined {
  if (provider !== undefined) return byName.get(provider)?.parseNode(node);
  return providers.map((one) => one.parseNode(node)).find((token) => token !== undefined);
}
