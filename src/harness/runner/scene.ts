/** One scenario's cast on a stage: an account at its server, a phone, and what reaches the phone's provider. */
import { type DeviceView, receivePush } from '../clients/device.ts';
import { phones } from '../scenarios/phones.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Account, XmppServer } from '../server/xmpp-server.ts';
import type { ReceivedPush, Script, StandIn } from '../stand-ins/contract.ts';
import type { ScenarioStage } from './environment.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { createPhone, type ScenarioPhone } from './phones.ts';
import { describePush, type SeenPush } from './result.ts';

export interface Scene {
  readonly scenario: Scenario;
  readonly stage: ScenarioStage;
  readonly host: XmppServer;
  readonly account: Account;
  readonly phone: ScenarioPhone;
  /** Another device of the account, or another account of the device. */
  readonly companion: ScenarioPhone | undefined;
  readonly mailbox: Mailbox;
  readonly provider: 'apns' | 'fcm';
  /** Provider id or push module that the phone registers with. */
  readonly appId: string;
  /** Text with its places filled in. */
  fill(text: string, more?: Readonly<Record<string, string>>): string;
  /** How the provider treats one of the phone's tokens from now on. */
  script(place: 'first' | 'second', script: Script | undefined): void;
  /** Takes in pushes to the tokens that the phone has now. */
  watchTokens(): void;
  /** What the phone makes of a push. */
  viewOf(push: ReceivedPush): DeviceView;
  /** A push for reports. */
  seen(push: ReceivedPush, startedAtMs: number): SeenPush;
}

export function createScene(scenario: Scenario, stage: ScenarioStage): Scene {
  const { providers, component, clock, randomBytes } = stage;
  const profile = phones[scenario.phone];
  const host = stage.hosts.get(scenario.server ?? 'reference');
  if (!host) throw new Error(`no server of the kind ${scenario.server}`);
  const account = host.account(`${scenario.id}${scenario.localPartEnds ?? ''}`);
  const appId = idFor(scenario, stage);
  const phone = createPhone({ scenario, account, component, appId, randomBytes });
  const standIn: StandIn = providers[profile.provider];
  const mailbox = createMailbox(standIn, clock);

  const companion = createCompanion(host);
  if (scenario.companion === 'same-account' && companion) mailbox.watch(companion.token, 'of another device');

  function createCompanion({ account: accountOf }: XmppServer): ScenarioPhone | undefined {
    if (!scenario.companion) return undefined;
    const options = { scenario, component, appId, randomBytes };
    if (scenario.companion === 'same-account') return createPhone({ ...options, account });
    const { token, secondToken } = phone;
    const tokens = { token, ...(secondToken !== undefined && { secondToken }) };
    return createPhone({ ...options, account: accountOf(`${scenario.id}-other`), tokens });
  }

  /** Publishes name it even after the phone has left. */
  let latestNode = phone.node;
  const places = (): Readonly<Record<string, string>> => ({
    account: account.jid,
    ACCOUNT: account.jid.toUpperCase(),
    domain: host.domain,
    component,
    node: (latestNode = phone.node ?? latestNode) ?? '',
    token: phone.token,
    TOKEN: phone.token.toUpperCase(),
    secondToken: phone.secondToken ?? '',
    key: Buffer.from(phone.key).toString('base64'),
    p2Account: phone.p2Account,
  });

  const watchTokens = () => {
    mailbox.watch(phone.token, 'first');
    if (phone.secondToken !== undefined) mailbox.watch(phone.secondToken, 'second');
  };
  watchTokens();

  return {
    scenario,
    stage,
    host,
    account,
    phone,
    companion,
    mailbox,
    provider: profile.provider,
    appId,
    fill(text, more) {
      const known = { ...places(), ...more };
      return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);
    },
    script(place, script) {
      const token = place === 'second' ? (phone.secondToken ?? '') : phone.token;
      standIn.script(profile.provider === 'apns' ? token.toLowerCase() : token, script);
    },
    watchTokens,
    viewOf: (push) => receivePush(push, { reads: profile.reads, keys: new Map([[account.jid, phone.key]]) }),
    seen: (push, startedAtMs) => describePush(push, mailbox.placeOf(push), startedAtMs),
  };
}

/** What the phone registers with: its client's own id, unless it belongs to another app. */
function idFor({ phone, scope, app: apart }: Scenario, { idOf, registersAs, hasApps }: ScenarioStage): string {
  const profile = phones[phone];
  // Anybody's app server plays in the one app that it has.
  const app = scope === 'any' && !hasApps ? undefined : apart;
  const own = registersAs?.(phone);
  if (own !== undefined) return own;
  return app === undefined && 'model' in profile ? profile.model.providerId : idOf(app ?? profile.app);
}
