/** Service discovery (XEP-0030), with what XEP-0357 (3.1, 4.2), XEP-0060 (5.1), XEP-0050 (2) and clients need. */
import { attribute, escapeXml } from '../stream/element.ts';
import type { Iq, IqReply } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

export interface DiscoOptions {
  /** Features added by the conventions: the provider ids that clients register with. */
  readonly features: ReadonlySet<string>;
  /** Command nodes and their titles. */
  readonly commands: ReadonlyMap<string, { readonly title: string }>;
}

/** Answers to disco#info and disco#items. */
export interface Disco {
  readonly info: (iq: Iq) => IqReply;
  readonly items: (iq: Iq) => IqReply;
}

const UNKNOWN_NODE: IqReply = { kind: 'error', error: 'unknown-disco-node' };

export function createDisco({ features, commands }: DiscoOptions): Disco {
  const root =
    identity('pubsub', 'push', 'Sealpost') +
    [
      NS.discoInfo,
      NS.discoItems,
      NS.commands,
      NS.push,
      NS.pubsub,
      NS.pubsubPublish,
      // XEP-0060 section 7.1.5 would have unknown options refused. They are ignored, since some servers take the refusal
      // of a publish for the end of the registration.
      NS.publishOptions,
      NS.accessWhitelist,
      NS.publishOnlyAffiliation,
      NS.encrypt,
      NS.encryptAes128Gcm,
      NS.ping,
      NS.version,
      ...features,
    ]
      .map(feature)
      .join('');
  const list = identity('automation', 'command-list', 'Commands') + feature(NS.commands);

  return {
    info({ payload }) {
      const node = attribute(payload, 'node');
      if (node === undefined || node === '') return result(NS.discoInfo, undefined, root);
      if (node === NS.commands) return result(NS.discoInfo, node, list);
      const command = commands.get(node);
      if (!command) return UNKNOWN_NODE;
      const about = identity('automation', 'command-node', command.title) + feature(NS.commands) + feature(NS.form);
      return result(NS.discoInfo, node, about);
    },
    items({ payload, to }) {
      const node = attribute(payload, 'node');
      if (node === undefined || node === '') return result(NS.discoItems, undefined, '');
      if (node !== NS.commands) return commands.has(node) ? result(NS.discoItems, node, '') : UNKNOWN_NODE;
      const items = [...commands].map(
        ([name, { title }]) => `<item jid='${escapeXml(to)}' node='${escapeXml(name)}' name='${escapeXml(title)}'/>`,
      );
      return result(NS.discoItems, node, items.join(''));
    },
  };
}

function identity(category: string, type: string, name: string): string {
  return `<identity category='${category}' type='${type}' name='${escapeXml(name)}'/>`;
}

function feature(name: string): string {
  return `<feature var='${escapeXml(name)}'/>`;
}

function result(namespace: string, node: string | undefined, content: string): IqReply {
  const named = node === undefined ? '' : ` node='${escapeXml(node)}'`;
  return { kind: 'result', payload: `<query xmlns='${namespace}'${named}>${content}</query>` };
}
