import type { Clock } from '../time/clock.ts';
import type { App } from '../core/app.ts';
import type { Registration } from '../core/registration.ts';
import { conventionOf } from '../conventions/all.ts';
import { NO_APP, rawToken } from '../conventions/raw-token.ts';
import type { Hint } from '../conventions/token-nodes.ts';
import type { Registry } from '../store/registry/contract.ts';

/** Raw tokens that are remembered at a time, some 250 bytes each. */
const rememberedTokens = 20_000;

/** The registry together with those devices that never registered: the raw tokens. */
export interface Lookup extends Pick<
  Registry,
  'remove' | 'restore' | 'dropSecondToken' | 'rememberEnvironment' | 'wasRemoved'
> {
  /**
   * The registration that a node means. One in the registry comes first, whatever the hint says, so that no raw token can
   * stand in for a registered device.
   */
  find(node: string, hint?: Hint): Promise<Registration | undefined>;
}

export interface LookupOptions {
  readonly registry: Pick<
    Registry,
    'find' | 'remove' | 'restore' | 'dropSecondToken' | 'rememberEnvironment' | 'wasRemoved'
  >;
  readonly apps: readonly App[];
  readonly clock: Pick<Clock, 'monotonic'>;
}

export function createLookup({ registry, apps, clock }: LookupOptions): Lookup {
  const rawTokens = rawToken.readTokens({ apps, clock, limit: rememberedTokens });
  return {
    async find(node, hint = {}) {
      const registration = (await registry.find(node)) ?? rawTokens.read(node, hint);
      // Nodes that were taken over from elsewhere can look like tokens.
      const isOurs = registration?.app === NO_APP && (await registry.wasRemoved(node));
      return isOurs ? undefined : registration;
    },
    async remove(node, knownAtMs, reason) {
      return (await registry.remove(node, knownAtMs, reason)) || rawTokens.removeDead(node);
    },
    async restore(registrations) {
      const registered = registrations.filter(isStored);
      const raw = registrations.filter((registration) => !isStored(registration));
      for (const { node } of raw) rawTokens.revive(node);
      return (await registry.restore(registered)) + raw.length;
    },
    dropSecondToken: registry.dropSecondToken,
    async rememberEnvironment(node, environment) {
      if (!rawTokens.rememberEnvironment(node, environment)) await registry.rememberEnvironment(node, environment);
    },
    wasRemoved: async (node) => rawTokens.isDead(node) || registry.wasRemoved(node),
  };
}

/** Whether a registration is in the store: a raw token says nothing about it. */
export function isStored(registration: Registration): boolean {
  return conventionOf(registration)?.readTokens === undefined;
}
