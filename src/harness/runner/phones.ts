/** The phones of scenarios: one client for each convention of registering. */
import { createHash } from 'node:crypto';
import { escapeXML } from 'ltx';
import { createClient } from '../clients/client.ts';
import type { ClientModel, DeviceTokens } from '../clients/models.ts';
import { keyBytes, type RandomBytes } from '../sealing/sealing.ts';
import { phones } from '../scenarios/phones.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { answerWord, type IqAnswer } from '../server/stanza.ts';
import type { Account } from '../server/xmpp-server.ts';

export interface ScenarioPhone {
  readonly token: string;
  readonly secondToken: string | undefined;
  readonly node: string | undefined;
  /** What it opens pushes with. */
  readonly key: Uint8Array;
  /** Value of `account` in p2's pushes. */
  readonly p2Account: string;
  /** Why it finds no push service, as a sentence; `undefined`: it finds one. */
  whyNotFound(): Promise<string | undefined>;
  /** `registered`, or what the client tells its user. */
  register(): Promise<string>;
  /** What keeps its client from reading the answer to the latest registration, or from asking for sealing. */
  readonly registrationProblem: string | undefined;
  /** `result` or `TYPE/CONDITION`. */
  enable(sealed: boolean): string;
  /** What it asked its server for at the latest `enable`, as XML; `undefined`: it wrote nothing that differs. */
  readonly enableRequest: string | undefined;
  disable(everywhere: boolean): string;
  /** `done`, or the condition. */
  unregister(): Promise<string>;
  /** From now on the device has other tokens, or another second one alone. */
  renewToken(which?: 'second'): void;
}

export interface PhoneOptions {
  readonly scenario: Scenario;
  readonly account: Account;
  /** Address of the push app server. */
  readonly component: string;
  /** Provider id of the app that the phone belongs to. */
  readonly appId: string;
  readonly randomBytes: RandomBytes;
  /** Tokens of a device that another phone is already; default: fresh ones. */
  readonly tokens?: DeviceTokens;
}

export function createPhone(options: PhoneOptions): ScenarioPhone {
  const profile = phones[options.scenario.phone];
  return 'model' in profile ? createTigasePhone(options, profile.model) : createPlainPhone(options);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function createTigasePhone(options: PhoneOptions, model: ClientModel): ScenarioPhone {
  const { scenario, account, component, appId, randomBytes } = options;
  const { provider } = phones[scenario.phone];
  const { pushKit = model.rings, omemoDevice } = scenario;
  const freshTokens = (): DeviceTokens => {
    // As each client writes them: APNs tokens in upper case, PushKit tokens in lower case.
    const token = provider === 'apns' ? hex(randomBytes(32)).toUpperCase() : fcmToken(randomBytes);
    return { token, ...(pushKit && { secondToken: hex(randomBytes(32)) }) };
  };
  const create = (tokens: DeviceTokens) => {
    const client = createClient({
      model: { ...model, providerId: appId },
      account,
      component,
      tokens,
      randomBytes,
      ...(omemoDevice !== undefined && { omemoDevice }),
    });
    return { client, tokens };
  };
  let { client, tokens } = create(options.tokens ?? freshTokens());
  // Where sealing was never asked for there is nothing to open, but by hand a publish may be sealed all the same.
  const spareKey = Uint8Array.from(randomBytes(keyBytes));
  return {
    get token() {
      return tokens.token;
    },
    get secondToken() {
      return tokens.secondToken;
    },
    get node() {
      return client.node;
    },
    get key() {
      return client.key ?? spareKey;
    },
    p2Account: '',
    whyNotFound: () => client.whyNotFound(),
    get registrationProblem() {
      return client.registrationProblem;
    },
    async register() {
      const reading = await client.register();
      return reading.kind === 'refused' ? reading.condition : reading.kind;
    },
    enable: (sealed) => wordOf(client.enable({ sealed })),
    get enableRequest() {
      return client.enableRequest;
    },
    disable: (everywhere) => wordOf(client.disable({ everywhere })),
    async unregister() {
      const left = await client.unregister();
      return left === 'done' ? left : left.refused;
    },
    renewToken(which) {
      const { token, secondToken } = freshTokens();
      const second = secondToken === undefined ? {} : { secondToken };
      ({ client, tokens } = create({ token: which === 'second' ? tokens.token : token, ...second }));
    },
  };
}

/** As long as those of today, and with letters that count. */
function fcmToken(randomBytes: RandomBytes): string {
  const write = (size: number) => Buffer.from(randomBytes(size)).toString('base64url');
  return `${write(16)}:APA91b${write(100)}`;
}

/** Clients of p2, mod_push_appserver and raw tokens, and one that registers nowhere: none of them seals. */
function createPlainPhone({ scenario, account, component, appId, randomBytes }: PhoneOptions): ScenarioPhone {
  const { convention, provider } = phones[scenario.phone];
  const deviceId = hex(randomBytes(8));
  const key = Uint8Array.from(randomBytes(keyBytes));
  let token = hex(randomBytes(32));
  let node =
    convention === 'raw-token' ? token : convention === 'none' ? nodeOfNobody(scenario, randomBytes) : undefined;
  let secret: string | undefined;

  const command = (name: string, fields: Readonly<Record<string, string>>) => {
    const [from, id] = [`${account.jid}/phone`, hex(randomBytes(8))];
    const written = Object.entries(fields).map(
      ([field, value]) => `<field var='${field}'><value>${escapeXML(value)}</value></field>`,
    );
    const xml =
      `<iq type='set' id='${id}' from='${escapeXML(from)}' to='${escapeXML(component)}'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='${name}' action='execute'>` +
      `<x xmlns='jabber:x:data' type='submit'>${written.join('')}</x></command></iq>`;
    return account.relay({ from, to: component, id, xml });
  };
  const isV1 = convention === 'v1';
  const nameOf = (verb: string) => (isV1 ? `v1-${verb}-push` : `${verb}-push-${provider}`);
  const identity = isV1
    ? { type: provider, node: deviceId }
    : { [provider === 'apns' ? 'device-id' : 'android-id']: deviceId };

  return {
    get token() {
      return token;
    },
    secondToken: undefined,
    get node() {
      return node;
    },
    key,
    p2Account: createHash('sha1').update(`${account.jid}\0${deviceId}`).digest('hex'),
    whyNotFound: () => Promise.resolve('its client looks for none'),
    registrationProblem: undefined,
    enableRequest: undefined,
    async register() {
      if (convention === 'raw-token' || convention === 'none') return 'registered';
      const answer = await command(nameOf('register'), { ...identity, token });
      if (answer.kind !== 'result') return answerWord(answer);
      const fields = readFields(answer);
      node = fields.get('node');
      secret = fields.get('secret');
      if (fields.get('jid') !== component) return 'the jid of another service';
      return node && secret ? 'registered' : 'no node or no secret';
    },
    enable() {
      const options = secret === undefined ? convention === 'raw-token' && ['pushModule', appId] : ['secret', secret];
      const form = options
        ? `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>` +
          `http://jabber.org/protocol/pubsub#publish-options</value></field><field var='${options[0]}'>` +
          `<value>${escapeXML(options[1] ?? '')}</value></field></x>`
        : '';
      const start = `<enable xmlns='urn:xmpp:push:0' jid='${escapeXML(component)}' node='${escapeXML(node ?? '')}'`;
      return wordOf(account.request(`${start}>${form}</enable>`));
    },
    disable: () => wordOf(account.request(`<disable xmlns='urn:xmpp:push:0' jid='${escapeXML(component)}'/>`)),
    async unregister() {
      const answer = await command(nameOf('unregister'), identity);
      return answer.kind === 'result' ? 'done' : answerWord(answer);
    },
    renewToken() {
      token = hex(randomBytes(32));
      if (convention === 'raw-token') node = token;
    },
  };
}

function nodeOfNobody({ phone }: Scenario, randomBytes: RandomBytes): string {
  return phone === 'forgotten' ? Buffer.from(randomBytes(24)).toString('base64url') : hex(randomBytes(20));
}

function readFields(answer: IqAnswer & { kind: 'result' }): Map<string, string> {
  const form = answer.stanza.getChild('command')?.getChild('x');
  const fields = form?.getChildren('field') ?? [];
  return new Map(fields.map((field) => [String(field.attrs['var']), field.getChildText('value') ?? '']));
}

function wordOf(answer: { kind: string; type?: string; condition?: string }): string {
  return answer.kind === 'error' ? `${answer.type}/${answer.condition}` : answer.kind;
}
