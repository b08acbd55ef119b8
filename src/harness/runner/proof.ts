/**
 * Delivers to many devices before the scenarios begin: a server that guards against losing all of its devices by mistake
 * believes in the loss of one only when it has seen that others fare well.
 */
import { playScenario } from './player.ts';
import type { ScenarioStage } from './environment.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { provenApps } from '../scenarios/apps.ts';
import { delivered, ready } from '../scenarios/fixtures.ts';

/** Devices of each app; with fewer than fifty of one, or 250 in all, Sealpost takes a loss for a fault of its own. */
const devices = 60;
/** How many at a time. */
const concurrency = 20;

const apps = Object.entries(provenApps).map(([app, { provider }]) => ({
  app: app as keyof typeof provenApps,
  phone: provider === 'apns' ? ('siskin' as const) : ('android' as const),
}));

/** @throws Error when not even that arrives */
export async function proveHealth(stage: ScenarioStage): Promise<void> {
  const rounds = Array.from({ length: devices * apps.length }, (_, index): Scenario => {
    const { app, phone } = apps[index % apps.length] ?? { app: 'iphone-proven', phone: 'siskin' };
    const id = `healthy-${index}`;
    return { id, title: id, paragraphs: [], scope: 'sealpost', app, phone, steps: [...ready, delivered] };
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
