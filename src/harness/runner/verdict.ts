/** What a run says about the component as a whole. Pure. */
import { capabilities, type CapabilityName } from '../scenarios/capabilities.ts';
import { type PhoneConvention, phones } from '../scenarios/phones.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Cause, findCauses } from './causes.ts';
import type { ScenarioResult } from './result.ts';

/** Why a run is red although no scenario failed, and the way out. */
export interface Fault {
  readonly problem: string;
  readonly advice: string;
}

/** One capability for the devices of one provider and one convention of registering. */
export interface CapabilityResult {
  readonly capability: CapabilityName | 'own-design';
  /** With convention and provider where they distinguish it: `Sealed calls, APNs`. */
  readonly title: string;
  readonly outcome: 'held' | 'broken' | 'not played';
  /** Why it was not played. */
  readonly why?: string;
  /** Scenarios that passed, of all that belong to it. */
  readonly passed: number;
  readonly of: number;
  /** What broke it, once each. */
  readonly causes: readonly Cause[];
}

export interface Verdict {
  readonly isGreen: boolean;
  /** Whether scenarios were left out on request: a green run then says nothing about the rest. */
  readonly isPartial: boolean;
  readonly capabilities: readonly CapabilityResult[];
  readonly causes: readonly Cause[];
  /** What makes the run red beside the causes. */
  readonly faults: readonly Fault[];
}

/** The reason of scenarios that a signal kept from being played. */
export const interrupted = 'interrupted';

/**
 * Judges a run.
 * @param about.leftOut scenarios that were not asked for
 * @param about.faults what was found before the first scenario
 */
export function judgeRun(
  results: readonly ScenarioResult[],
  about: { readonly leftOut: readonly Scenario[]; readonly faults: readonly Fault[] },
): Verdict {
  const leftOut = about.leftOut.map((scenario): ScenarioResult => ({
    scenario,
    outcome: 'skipped',
    reason: 'left out by --only',
    durationMs: 0,
    passages: [],
  }));
  const rows = Map.groupBy([...results, ...leftOut], ({ scenario }) => rowOf(scenario));
  const order: readonly string[] = Object.keys(capabilities);
  const judged = [...rows.values()]
    .map(judgeCapability)
    .toSorted((one, other) => placeOf(order, one) - placeOf(order, other));
  const faults = [...about.faults, ...findFaults(results)];
  const causes = findCauses(results);
  return {
    isGreen: causes.length === 0 && faults.length === 0,
    isPartial: about.leftOut.length > 0,
    capabilities: judged,
    causes,
    faults,
  };
}

function findFaults(results: readonly ScenarioResult[]): Fault[] {
  if (results.some(({ reason }) => reason === interrupted)) {
    return [{ problem: 'the run was interrupted', advice: 'let it come to its end' }];
  }
  if (results.some(({ outcome }) => outcome !== 'skipped')) return [];
  const reasons = new Set(results.map(({ reason }) => reason));
  return [
    {
      problem: `nothing was played: ${[...reasons].join('; ') || 'there is no such scenario'}`,
      advice: 'ask for scenarios that the component can be tried with',
    },
  ];
}

function placeOf(order: readonly string[], { capability }: CapabilityResult): number {
  const place = order.indexOf(capability);
  return place < 0 ? order.length : place;
}

/** Scenarios with the same one make a row together. */
function rowOf(scenario: Scenario): string {
  if (scenario.scope === 'sealpost') return 'own-design';
  const { convention, provider } = phones[scenario.phone];
  return `${scenario.capability} ${convention} ${provider}`;
}

function judgeCapability(results: readonly ScenarioResult[]): CapabilityResult {
  const [first] = results;
  if (!first) throw new Error('a capability without scenarios');
  const passed = results.filter(({ outcome }) => outcome === 'passed').length;
  const causes = findCauses(results);
  const stopped = results.find(({ reason }) => reason === interrupted);
  const outcome = causes.length > 0 ? 'broken' : passed > 0 && !stopped ? 'held' : 'not played';
  const why = (stopped ?? first).reason;
  return {
    ...nameRow(first.scenario),
    outcome,
    ...(outcome === 'not played' && why !== undefined && { why }),
    passed,
    of: results.length,
    causes,
  };
}

const conventions: Readonly<Record<PhoneConvention, string>> = {
  tigase: '',
  none: '',
  p2: ', p2',
  v1: ', mod_push_appserver',
  'raw-token': ', raw tokens',
};

function nameRow(scenario: Scenario): Pick<CapabilityResult, 'capability' | 'title'> {
  if (scenario.scope === 'sealpost') return { capability: 'own-design', title: 'Sealpost’s own design' };
  const { convention, provider } = phones[scenario.phone];
  const { title } = capabilities[scenario.capability];
  const providerName = convention === 'none' ? '' : provider === 'apns' ? ', APNs' : ', FCM';
  return { capability: scenario.capability, title: `${title}${providerName}${conventions[convention]}` };
}
