/** What a component that is not ours says that it can serve, and what it was asked for: the measure of a run's verdict. */
import { readFeatures, writeDiscoInfo } from '../clients/discovery.ts';
import { sealingAndroid, siskin, snikket } from '../clients/models.ts';
import { type PhoneName, type PhoneProfile, phones } from '../scenarios/phones.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { answerWord, type IqAnswer } from '../server/stanza.ts';
import type { ScenarioStage } from './environment.ts';
import type { Fault } from './verdict.ts';

export interface Wanted {
  /** Conventions of registering. */
  readonly conventions: readonly string[];
  /** Provider ids or push modules, where the vendor names them. */
  readonly ids: { readonly apns?: string; readonly fcm?: string };
}

export interface Claims {
  /** What such a phone registers with. */
  idOf(phone: PhoneName): string;
  /**
   * Why a scenario is not played; `undefined`: it is.
   * @param strict whether Sealpost's own design is asked for, too
   */
  whyNot(scenario: Scenario, strict: boolean): string | undefined;
  readonly faults: readonly Fault[];
}

const option = { apns: '--apns-id', fcm: '--fcm-id' } as const;

/** Asks the component once, as a client would. */
export async function readClaims(
  stage: Pick<ScenarioStage, 'hosts' | 'component' | 'randomBytes'>,
  wanted: Wanted,
): Promise<Claims> {
  const account = stage.hosts.get('reference')?.account('curious');
  if (!account) throw new Error('no reference server on the stage');
  const id = Buffer.from(stage.randomBytes(8)).toString('hex');
  const address = { from: `${account.jid}/phone`, to: stage.component, id };
  return judgeClaims(wanted, await account.relay({ ...address, xml: writeDiscoInfo(address) }));
}

/** The claims in an answer to disco#info. */
export function judgeClaims(wanted: Wanted, answer: IqAnswer): Claims {
  const features = readFeatures(answer) ?? [];
  const isAnnounced = (id: string) => features.includes(id);
  const idOf = (name: PhoneName): string => {
    const profile: PhoneProfile = phones[name];
    const own = profile.model?.providerId ?? (profile.provider === 'apns' ? siskin : sealingAndroid).providerId;
    // An app server for Snikket alone serves the same iPhones under its own id.
    const fallback = name !== 'snikket' && profile.provider === 'apns' && isAnnounced(snikket.providerId);
    return wanted.ids[profile.provider] ?? (fallback && !isAnnounced(own) ? snikket.providerId : own);
  };
  const whyNot = (scenario: Scenario, strict: boolean) => {
    const { convention } = phones[scenario.phone];
    const needed = convention === 'none' ? 'tigase' : convention;
    if (!wanted.conventions.includes(needed)) return `belongs to the convention ${needed} (--convention ${needed})`;
    if (scenario.scope === 'sealpost' && !strict) return 'only Sealpost’s own design demands it (--strict)';
    if (scenario.scope === 'sealpost' && scenario.app !== undefined) return 'needs an app of its own';
    if (scenario.steps.some((step) => step.do === 'unregister' && step.over === 'http'))
      return 'needs the address for HTTP';
    if (convention !== 'tigase' || isAnnounced(idOf(scenario.phone))) return undefined;
    return `the component does not announce ${idOf(scenario.phone)}`;
  };
  return { idOf, whyNot, faults: wanted.conventions.includes('tigase') ? findFaults(wanted, answer, isAnnounced) : [] };
}

function findFaults({ ids }: Wanted, answer: IqAnswer, isAnnounced: (id: string) => boolean): Fault[] {
  const features = readFeatures(answer);
  if (!features) {
    return [
      {
        problem: `disco#info is answered ${answerWord(answer)}: no client finds the service`,
        advice: 'answer it with the identity pubsub/push, the feature urn:xmpp:push:0 and the provider ids of the apps',
      },
    ];
  }
  const others = features.filter((feature) => !isOfProtocol(feature));
  const listed = others.length > 0 ? others.join(', ') : 'no provider id at all';
  const named = (['apns', 'fcm'] as const).flatMap((provider) => {
    const id = ids[provider];
    return id === undefined || isAnnounced(id) ? [] : [{ id, option: option[provider] }];
  });
  if (named.length > 0) {
    return named.map(({ id, option: name }) => ({
      problem: `disco#info does not list ${id}, which ${name} names; it lists ${listed}`,
      advice: `announce ${id} as a feature, or name another with ${name}`,
    }));
  }
  const usual = [siskin, snikket, sealingAndroid].map(({ providerId }) => providerId);
  if (ids.apns !== undefined || ids.fcm !== undefined || usual.some(isAnnounced)) return [];
  return [
    {
      problem: `disco#info lists none of the provider ids ${usual.join(', ')}; it lists ${listed}`,
      advice: 'say by --apns-id or --fcm-id which provider id the clients of this component register with',
    },
  ];
}

/** Whether a feature is that of a protocol and so no provider id. */
function isOfProtocol(feature: string): boolean {
  return /^(urn:|https?:|jabber:|vcard-temp|tigase:push:)/.test(feature);
}
