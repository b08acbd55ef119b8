import type { Clock } from '../time/clock.ts';
import type { App } from '../core/app.ts';
import type { Registration } from '../core/registration.ts';
import { conventionOf } from '../conventions/all.ts';
import { NO_APP, rawToken } from '../conventions/raw-token.ts';
import type { Hint } from '../conventions/token-nodes.ts';
import type { NodeNames } from '../nodes/node-names.ts';
import { looksSealed } from '../nodes/sealed-node.ts';
import type { Registry } from '../store/registry/contract.ts';

/** Raw tokens that are remembered at a time, some 250 bytes each. */
const rememberedTokens = 20_000;

/** What a node stands for. */
export type Found =
  | { readonly kind: 'registered'; readonly registration: Registration }
  /** The node says it and the store does not have it: `readmit` it, once it is clear that the publisher may publish. */
  | { readonly kind: 'opened'; readonly registration: Registration }
  /** It is ours, or may be, and its registration is not here: the client or a backup of the store brings it back. */
  | { readonly kind: 'lost' }
  /** It was ours and was removed. */
  | { readonly kind: 'removed' }
  /** It never was ours. */
  | { readonly kind: 'unknown' };

/** The registry together with what nodes say by themselves: the sealed ones, and those that are device tokens. */
export interface Lookup extends Pick<Registry, 'remove' | 'restore' | 'dropSecondToken' | 'rememberEnvironment'> {
  /**
   * What a node means. One in the registry comes first, whatever the hint says, so that no raw token can stand in for a
   * registered device.
   */
  find(node: string, hint?: Hint): Promise<Found>;
  /** Puts an opened registration into the store; resolves with what stands for its device now. */
  readmit(opened: Registration): ReturnType<Registry['readmit']>;
}

/** A lookup whose apps can change. */
export interface LiveLookup extends Lookup {
  /** From now on these are the apps. What was learned of raw tokens is forgotten, as by a restart. */
  setApps(apps: readonly App[]): void;
}

export interface LookupOptions {
  readonly registry: Pick<
    Registry,
    | 'find'
    | 'list'
    | 'readmit'
    | 'remove'
    | 'restore'
    | 'dropSecondToken'
    | 'rememberEnvironment'
    | 'wasRemoved'
    | 'wasDeviceRemoved'
  >;
  readonly nodes: Pick<NodeNames, 'open' | 'mayBeOurs'>;
  readonly apps: readonly App[];
  readonly clock: Pick<Clock, 'monotonic'>;
}

export function createLookup({ registry, nodes, apps, clock }: LookupOptions): LiveLookup {
  const serves = (of: readonly App[]) => of.some(({ conventions }) => conventions.includes(rawToken.name));
  // An app that was taken out of the config may come back: its devices are not unknown.
  let wereServed = serves(apps);
  const readTokens = (of: readonly App[]) =>
    rawToken.readTokens({ apps: of, wereServed, clock, limit: rememberedTokens });
  let rawTokens = readTokens(apps);

  /** Undefined: no node key of ours opens it. */
  async function findSealed(node: string): Promise<Found | undefined> {
    const opened = nodes.open(node);
    if (!opened) return undefined;
    if (await registry.wasRemoved(node)) return { kind: 'removed' };
    if (opened.kind === 'ours') return { kind: 'lost' };
    const device = opened.kind === 'registration' ? opened.registration : opened;
    // Its device may be registered with another node: made by another key, or with another second token.
    const [standing] = await registry.list(device, 1);
    if (standing) return { kind: 'registered', registration: asNamed(standing, device.secret) };
    if (opened.kind === 'device') return { kind: (await registry.wasDeviceRemoved(opened)) ? 'removed' : 'lost' };
    return { kind: 'opened', registration: opened.registration };
  }

  return {
    setApps(next) {
      wereServed ||= serves(next);
      rawTokens = readTokens(next);
    },
    async find(node, hint = {}) {
      const registration = await registry.find(node);
      if (registration) return { kind: 'registered', registration };
      const sealed = await findSealed(node);
      if (sealed) return sealed;
      // No provider's token has the form of a sealed node: this is one by another key.
      const raw = looksSealed(node) ? undefined : rawTokens.read(node, hint);
      // Nodes that were taken over from elsewhere can look like tokens.
      if (raw && (raw.app !== NO_APP || !(await registry.wasRemoved(node)))) {
        return { kind: 'registered', registration: raw };
      }
      if (rawTokens.isDead(node) || (await registry.wasRemoved(node))) return { kind: 'removed' };
      return { kind: nodes.mayBeOurs(node) ? 'lost' : 'unknown' };
    },
    async readmit(opened) {
      const standing = await registry.readmit(opened);
      return typeof standing === 'object' ? asNamed(standing, opened.secret) : standing;
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
  };
}

/** The registration of a device as publishes to another of its nodes reach it: with the secret that goes with that node. */
function asNamed(registration: Registration, secret: string | undefined): Registration {
  const { secret: _ofItsOwnNode, ...others } = registration;
  return { ...others, ...(secret !== undefined && { secret }) };
}

/** Whether a registration is in the store: a raw token says nothing about it. */
export function isStored(registration: Registration): boolean {
  return conventionOf(registration)?.readTokens === undefined;
}
