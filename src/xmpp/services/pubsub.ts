/**
 * PubSub (XEP-0060) other than publishing. A push service's nodes are made by registering, nobody may read them, and only
 * one kind of entity may write (access model `whitelist`, affiliation `publish-only`, XEP-0357 section 3.1): so every other
 * request is refused, with the name of the feature that is not there.
 */
import { childElements, type Element } from '../stream/element.ts';
import type { StanzaError } from './errors.ts';
import type { PubsubFeature } from './pubsub-features.ts';
import type { Iq } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

/** Features of XEP-0060 section 10 by the element that asks for them. */
const FEATURES: Readonly<Record<string, PubsubFeature>> = {
  subscribe: 'subscribe',
  unsubscribe: 'subscribe',
  options: 'subscription-options',
  items: 'retrieve-items',
  retract: 'retract-items',
  subscriptions: 'retrieve-subscriptions',
  affiliations: 'retrieve-affiliations',
  default: 'retrieve-default',
  create: 'create-nodes',
};

/** The same in the namespace of node owners, section 8. */
const OWNER_FEATURES: Readonly<Record<string, PubsubFeature>> = {
  configure: 'config-node',
  default: 'retrieve-default',
  delete: 'delete-nodes',
  purge: 'purge-nodes',
  subscriptions: 'manage-subscriptions',
  affiliations: 'modify-affiliations',
};

/**
 * The answer to a request that is no publish. A server takes whatever answers its IQ for the fate of a push and may drop
 * the registration, so one that got something wrong hears the only thing that all of them survive; only a client is told
 * what XEP-0060 says.
 */
export function refusePubsub({ from, payload }: Pick<Iq, 'from' | 'payload'>): StanzaError {
  if (!isClient(from)) return 'bad-request';
  const feature = featureOf(payload);
  return feature === undefined ? 'unsupported-pubsub' : `unsupported-${feature}`;
}

/** A full JID with a local part; servers send as domain, as domain with resource or as the account. */
function isClient(from: string): boolean {
  const slash = from.indexOf('/');
  return slash !== -1 && from.slice(0, slash).includes('@');
}

function featureOf(pubsub: Element): PubsubFeature | undefined {
  const features = pubsub.namespace === NS.pubsubOwner ? OWNER_FEATURES : FEATURES;
  const asked = childElements(pubsub).find(
    ({ name, namespace }) => namespace === pubsub.namespace && Object.hasOwn(features, name),
  );
  return asked && features[asked.name];
}
