import type { LateAnswers } from '../../store/late-answers/contract.ts';
import type { StanzaHandler } from '../services/iq.ts';
import { createLink, type Link, type LinkOptions } from './link.ts';

/** One entry of `xmpp:` in the config. */
export interface LinkSettings extends Pick<LinkOptions, 'domain' | 'secret' | 'ca' | 'limits' | 'timing'> {
  readonly service: { readonly url: string };
  readonly connections: number;
}

export interface CreateLinksOptions extends Pick<LinkOptions, 'clock' | 'random' | 'log' | 'metrics'> {
  readonly entries: readonly LinkSettings[];
  /** Makes what answers at a domain. Called once for each entry. */
  readonly component: (domain: string) => StanzaHandler;
  /** Where links hand over what they cannot send any more; undefined: nowhere. */
  readonly lateAnswers: Pick<LateAnswers, 'handOver'> | undefined;
}

/** Makes the links of all entries, as many for each as it has connections. None connects before it is started. */
export function createLinks({ entries, component, lateAnswers, ...environment }: CreateLinksOptions): readonly Link[] {
  return entries.flatMap(({ service: { url: service }, connections, ...settings }) => {
    const { domain } = settings;
    const options = {
      ...environment,
      ...settings,
      service,
      handle: component(domain),
      ...(lateAnswers && { handOver: (xml: string) => lateAnswers.handOver({ service, domain, xml }) }),
    };
    return Array.from({ length: connections }, () => createLink(options));
  });
}
