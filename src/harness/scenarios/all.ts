import { callScenarios } from './call-scenarios.ts';
import { conventionScenarios } from './convention-scenarios.ts';
import { deviceScenarios } from './device-scenarios.ts';
import { hostileScenarios } from './hostile-scenarios.ts';
import { jsonScenarios } from './json-scenarios.ts';
import { limitScenarios } from './limit-scenarios.ts';
import { omemoScenarios } from './omemo-scenarios.ts';
import { outcomeScenarios } from './outcome-scenarios.ts';
import { payloadScenarios } from './payload-scenarios.ts';
import { plainScenarios } from './plain-scenarios.ts';
import { apnsAnswerScenarios, fcmAnswerScenarios } from './provider-answers.ts';
import { registeringScenarios } from './registering-scenarios.ts';
import { routingScenarios } from './routing-scenarios.ts';
import { sealingScenarios } from './sealing-scenarios.ts';
import { troubleScenarios } from './trouble-scenarios.ts';
import type { Scenario } from './scenario.ts';

/** Every scenario, in the order of the texts that they hold. */
export const scenarios: readonly Scenario[] = [
  ...sealingScenarios,
  ...jsonScenarios,
  ...omemoScenarios,
  ...callScenarios,
  ...routingScenarios,
  ...plainScenarios,
  ...payloadScenarios,
  ...limitScenarios,
  ...apnsAnswerScenarios,
  ...fcmAnswerScenarios,
  ...outcomeScenarios,
  ...registeringScenarios,
  ...conventionScenarios,
  ...deviceScenarios,
  ...hostileScenarios,
  ...troubleScenarios,
];
