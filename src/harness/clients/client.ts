/** A client on a device: registers with the app server through its XMPP server and enables push there. */
import {
  type ClientModel,
  type DeviceTokens,
  readRegistration,
  readUnregistration,
  type RegistrationReading,
  writeRegistration,
  writeUnregistration,
} from './models.ts';
import { escapeXML, parse } from 'ltx';
import { readFeatures, whyNoPushService, writeDiscoInfo } from './discovery.ts';
import { whyUnreadable } from './registration-problems.ts';
import { type EnableAnswer, sealingNamespace, writeEnable } from '../server/enabling.ts';
import { keyBytes, type RandomBytes } from '../sealing/sealing.ts';
import { readAnswer } from '../server/stanza.ts';
import type { Account } from '../server/xmpp-server.ts';

export interface ClientOptions {
  readonly model: ClientModel;
  readonly account: Account;
  /** Address of the push app server. */
  readonly component: string;
  readonly tokens: DeviceTokens;
  readonly randomBytes: RandomBytes;
  /** Default `phone`. */
  readonly resource?: string;
  /** Sends its OMEMO device id along, so that pushes carry OMEMO data. */
  readonly omemoDevice?: number;
}

export interface Client {
  /** Full JID. */
  readonly jid: string;
  /** The key that pushes for the account are opened with; kept over everything until unregistering. */
  readonly key: Uint8Array | undefined;
  /** Of the latest registration. */
  readonly node: string | undefined;
  /** Asks disco whether the component is a push service for this client. */
  discover(): Promise<boolean>;
  /** Why it finds no push service there, as a sentence; `undefined`: it finds one. */
  whyNotFound(): Promise<string | undefined>;
  register(): Promise<RegistrationReading>;
  /** What is wrong with the answer to the latest registration, in words; `undefined`: nothing that it would notice. */
  readonly registrationProblem: string | undefined;
  /** What it asked its server for at the latest `enable`, as XML. */
  readonly enableRequest: string | undefined;
  /** After `register`; `sealed: false` leaves `<encrypt/>` out although both sides could. */
  enable(options?: { readonly sealed?: boolean }): EnableAnswer;
  /** Ends push at the XMPP server; without node: for everything at the component. */
  disable(options?: { readonly everywhere?: boolean }): EnableAnswer;
  /** Leaves the app server; an unknown device is as good as success. */
  unregister(): Promise<'done' | { readonly refused: string }>;
}

export function createClient(options: ClientOptions): Client {
  const { model, account, component, tokens, randomBytes } = options;
  const jid = `${account.jid}/${options.resource ?? 'phone'}`;
  let registration: (RegistrationReading & { kind: 'registered' }) | undefined;
  let key: Uint8Array | undefined;
  let registrationProblem: string | undefined;
  let enableRequest: string | undefined;

  const envelope = () => ({ from: jid, to: component, id: Buffer.from(randomBytes(8)).toString('hex') });

  /** What the server says that it can do for the account, each time anew. */
  function askAccount(): readonly string[] {
    const { from, id } = envelope();
    const answer = account.ask(writeDiscoInfo({ from, to: account.jid, id }));
    return readFeatures(readAnswer(parse(answer))) ?? [];
  }

  async function whyNotFound(): Promise<string | undefined> {
    const address = envelope();
    return whyNoPushService(model.providerId, await account.relay({ ...address, xml: writeDiscoInfo(address) }));
  }

  return {
    jid,
    get key() {
      return key;
    },
    get node() {
      return registration?.node;
    },
    async discover() {
      return (await whyNotFound()) === undefined;
    },
    whyNotFound,
    get registrationProblem() {
      return registrationProblem;
    },
    async register() {
      const address = envelope();
      const xml = writeRegistration(model, address, tokens);
      const answer = await account.relay({ ...address, xml });
      const reading = readRegistration(model, answer);
      const misdirected = answer.kind === 'silence' ? account.whyMisdirected({ ...address, xml }) : undefined;
      registrationProblem = misdirected ?? whyUnreadable(model, answer);
      registration = reading.kind === 'registered' ? reading : undefined;
      return reading;
    },
    get enableRequest() {
      return enableRequest;
    },
    enable({ sealed = true } = {}) {
      if (!registration) throw new Error('a client enables push only after it has registered');
      const seals = sealed && model.seals && registration.features.includes(sealingNamespace);
      if (seals) key ??= Uint8Array.from(randomBytes(keyBytes));
      const request = {
        jid: component,
        node: registration.node,
        ...(seals && key ? { key } : {}),
        ...(registration.maxPayloadSize === undefined ? {} : { maxSizeBytes: registration.maxPayloadSize }),
        ...(options.omemoDevice === undefined ? {} : { omemoDevice: options.omemoDevice }),
      };
      enableRequest = writeEnable(model, request, askAccount());
      return account.request(enableRequest);
    },
    disable({ everywhere = false } = {}) {
      const node = everywhere || !registration ? '' : ` node='${escapeXML(registration.node)}'`;
      return account.request(`<disable xmlns='urn:xmpp:push:0' jid='${escapeXML(component)}'${node}/>`);
    },
    async unregister() {
      const address = envelope();
      const xml = writeUnregistration(model, address, tokens);
      const answer = await account.relay({ ...address, xml });
      const refusal = readUnregistration(model, answer);
      if (refusal !== undefined && refusal !== 'item-not-found') return { refused: refusal };
      registration = undefined;
      key = undefined;
      return 'done';
    },
  };
}
