/**
 * Delivers to many devices before the scenarios begin: a server that guards against losing all of its devices by mistake
 * believes in the loss of one only when it has seen that others fare well.
 */
import { playScenario } from './player.ts';
import type { ScenarioStage } from './environment.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { delivered, ready } from '../scenarios/fixtures.ts';

/** Devices of each kind; with fewer than fifty of one, or 250 in all, Sealpost takes a loss for a fault of its own. */
const devices = 130;
/** How many at a time. */
const concurrency = 20;

const kinds = [
  { phone: 'siskin', app: 'iphone-proven' },
  { phone: 'android', app: 'android-proven' },
] as const;

/** @throws Error when not even that arrives */
export async function proveHealth(stage: ScenarioStage): Promise<void> {
  const rounds = Array.from({ length: devices * kinds.length }, (_, index): Scenario => {
    const kind = kinds[index % kinds.length] ?? kinds[0];
    const id = `healthy-${index}`;
    return { id, title: id, paragraphs: [], scope: 'sealpost', ...kind, steps: [...ready, delivered] };
  });
  const work = async () => {
    for (let scenario = rounds.pop(); scenario; scenario = rounds.pop()) {
      const { passages, end } = await playScenario(scenario, stage);
      end();
      const problem = passages.flatMap(({ problems }) => problems)[0];
      if (problem !== undefined) throw new Error(`not even a message to a new device arrives: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}
