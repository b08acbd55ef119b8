/** PubSub features (XEP-0060 section 10) that Sealpost does not support. */

/** Values of `<unsupported feature='…'/>`. */
export const PUBSUB_FEATURES = [
  'subscribe',
  'subscription-options',
  'retrieve-items',
  'retract-items',
  'retrieve-subscriptions',
  'retrieve-affiliations',
  'retrieve-default',
  'create-nodes',
  'config-node',
  'delete-nodes',
  'purge-nodes',
  'manage-subscriptions',
  'modify-affiliations',
] as const;

export type PubsubFeature = (typeof PUBSUB_FEATURES)[number];
