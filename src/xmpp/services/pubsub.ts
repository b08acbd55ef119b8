/**
 * PubSub requests (XEP-0060) other than publishing. Nodes of a push service are created by registration, nobody may
 * read them, and one kind of entity may write (access model `whitelist`, affiliation `publish-only`, XEP-0357 section
 * 3.1). So every other request is refused, with the name of the unsupported feature.
 */
import { childElements, type Element } from '../stream/element.ts';
import type { StanzaError } from './errors.ts';
import type { PubsubFeature } from './pubsub-features.ts';
import type { Iq } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

/** Features of XEP-0060 section 10 by the element that needs them. */
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

/** The same for the owner namespace (XEP-0060 section 8). */
const OWNER_FEATURES: Readonly<Record<string, PubsubFeature>> = {
  configure: 'config-node',
  default: 'retrieve-default',
  delete: 'delete-nodes',
  purge: 'purge-nodes',
  subscriptions: 'manage-subscriptions',
  affiliations: 'modify-affiliations',
};

/**
 * The error for a request that is not a publish. A server takes any error to an IQ of its own as the result of a push
 * and may drop the registration, so a server gets `bad-request`, which every server tolerates. Only clients get the
 * errors of XEP-0060.
 */
export function refusePubsub({ from, payload }: Pick<Iq, 'from' | 'payload'>): StanzaError {
  if (!isClient(from)) return 'bad-request';
  const feature = featureOf(payload);
  return feature === undefined ? 'unsupported-pubsub' : `unsupported-${feature}`;
}

/** A full JID with a local part. Servers send from their domain, with or without resource, or from the account. */
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
