/**
 * An XMPP server as a push app server sees one: it relays the registrations of its users, publishes what happens to them
 * and draws its conclusions from the answers. Several may share an acceptor; each has a domain.
 */
import type { OutgoingIq } from './outgoing-iq.ts';
import { type Element, parse } from 'ltx';
import type { Acceptor } from './acceptor.ts';
import { applyPushRequest, type EnableAnswer, type EnabledDevice, type EnabledDevices, keyOf } from './enabling.ts';
import { bareJid, type ServerEvent } from './event.ts';
import { answerAccount } from './account-disco.ts';
import { findMisdirected } from './misdirected.ts';
import { createPublishId } from './publish-id.ts';
import { type Publish, writePublish } from './publish-stanza.ts';
import { reactTo } from './reaction.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import type { Flavour } from './server-flavours.ts';
import { attribute, childElements, type IqAnswer, writeError, writeResult } from './stanza.ts';
import type { Clock } from '../../time/clock.ts';

export interface XmppServerOptions {
  readonly acceptor: Acceptor;
  readonly domain: string;
  readonly flavour: Flavour;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** What one publish led to. */
export interface PublishReport {
  readonly device: EnabledDevice;
  readonly publish: Publish;
  readonly answer: IqAnswer;
  /** False: the server has dropped the device. */
  readonly kept: boolean;
}

/** A user of the server. */
export interface Account {
  /** Bare JID. */
  readonly jid: string;
  /** Devices that push is enabled for. */
  readonly devices: ReadonlyMap<string, EnabledDevice>;
  readonly unread: number;
  /** Answers an IQ that one of the account's clients sends to the bare JID (RFC 6120 section 10.3.3), as XML. */
  ask(xml: string): string;
  /** Relays an IQ of one of the account's clients to a component; the answer must come from there. */
  relay(stanza: OutgoingIq): Promise<IqAnswer>;
  /** What is wrong with an answer that came and was none, in words; `undefined`: nothing came. */
  whyMisdirected(stanza: OutgoingIq): string | undefined;
  /** Takes `<enable/>` or `<disable/>` as XML. */
  request(xml: string): EnableAnswer;
  /** Lets something happen to the account while it is offline: one report for each device that was told. */
  notify(event: ServerEvent): Promise<PublishReport[]>;
}

export interface XmppServer {
  readonly domain: string;
  readonly flavour: Flavour;
  /** The account of that name, made when it is new. */
  account(name: string): Account;
  close(): void;
}

export function createXmppServer(options: XmppServerOptions): XmppServer {
  const { acceptor, domain, flavour } = options;
  const accounts = new Map<string, { readonly account: Account; readonly devices: EnabledDevices }>();

  const stop = acceptor.onStanza((stanza, connection) => {
    const to = attribute(stanza, 'to') ?? '';
    if (bareJid(to).slice(to.indexOf('@') + 1) !== domain) return;
    if (stanza.name === 'iq') return connection.send(answerComponent(stanza));
    const revoked = flavour.obeysRevocation ? readRevocation(stanza) : undefined;
    if (revoked) accounts.get(revoked.account)?.devices.delete(revoked.key);
  });

  return {
    domain,
    flavour,
    account(name) {
      const jid = `${name}@${domain}`;
      const known = accounts.get(jid) ?? createAccount(options, jid);
      accounts.set(jid, known);
      return known.account;
    },
    close: stop,
  };
}

function createAccount({ acceptor, domain, flavour, clock, randomBytes }: XmppServerOptions, jid: string) {
  const devices: EnabledDevices = new Map();
  const errorsInARow = new WeakMap<EnabledDevice, number>();
  let unread = 0;

  async function publish(key: string, device: EnabledDevice, event: ServerEvent): Promise<PublishReport> {
    const id = createPublishId(flavour.ids, { clock, randomBytes });
    const publication = writePublish({ flavour, domain, account: jid, device, event, unread, id, randomBytes });
    const answer = await acceptor.request(publication, flavour.answerWithinMs);
    const reaction = reactTo(flavour.reaction, answer, errorsInARow.get(device) ?? 0);
    errorsInARow.set(device, reaction.errorsInARow);
    // Not the one that was enabled anew meanwhile.
    if (!reaction.kept && devices.get(key) === device) devices.delete(key);
    return { device, publish: publication, answer, kept: reaction.kept };
  }

  const account: Account = {
    jid,
    devices,
    ask: (xml) => answerAccount(jid, parse(xml), flavour),
    get unread() {
      return unread;
    },
    relay: (stanza) => acceptor.request(stanza, flavour.answerWithinMs),
    whyMisdirected: (stanza) => findMisdirected(acceptor, stanza),
    request: (xml) => applyPushRequest(devices, parse(xml), flavour),
    async notify(event) {
      if (event.kind === 'message' || event.kind === 'groupchat') unread += 1;
      if (event.kind === 'read-elsewhere') unread = 0;
      if (!flavour.notifies.includes(event.kind)) return [];
      return Promise.all([...devices].map(([key, device]) => publish(key, device, event)));
    },
  };
  return { account, devices };
}

/** What a component may ask a server: XEP-0199; the rest it does not offer. */
function answerComponent(iq: Element): string {
  const [query] = childElements(iq);
  const isPing = query?.is('ping', 'urn:xmpp:ping') && attribute(iq, 'type') === 'get';
  return isPing ? writeResult(iq) : writeError(iq, 'cancel', 'service-unavailable');
}

/** XEP-0357 section 8: affiliation `none` for the account on its node. */
function readRevocation(stanza: Element): { account: string; key: string } | undefined {
  const pubsub = stanza.name === 'message' ? stanza.getChild('pubsub', 'http://jabber.org/protocol/pubsub') : undefined;
  const affiliation = pubsub?.getChild('affiliation');
  if (!pubsub || !affiliation || attribute(affiliation, 'affiliation') !== 'none') return undefined;
  const key = keyOf(attribute(stanza, 'from') ?? '', attribute(pubsub, 'node'));
  return { account: attribute(affiliation, 'jid') ?? '', key };
}
