import { domainOf } from '../core/jid.ts';
import type { Notification } from '../core/notification.ts';
import type { Guard } from '../guard/contract.ts';
import type { Lookup } from './lookup.ts';

/** What a publish to a node without registration is told: that there is none, or to try again while the guard doubts it. */
export async function classifyUnknown(
  { node, publisher }: Pick<Notification, 'node' | 'publisher'>,
  {
    registry,
    guard,
  }: {
    readonly registry: Pick<Lookup, 'wasRemoved'>;
    readonly guard: Pick<Guard, 'seeMissing' | 'seeRemoved' | 'seeUnknown'>;
  },
): Promise<'unknown-node' | 'held'> {
  guard.seeMissing(node);
  let wasRemoved = true;
  try {
    wasRemoved = await registry.wasRemoved(node);
  } finally {
    if (wasRemoved) guard.seeRemoved(node);
  }
  return wasRemoved || guard.seeUnknown(node, domainOf(publisher)) ? 'unknown-node' : 'held';
}
