import type { Device } from './traffic.ts';

export interface ProvingOptions {
  /** Publishes to a device; resolves with the number of the publish and the answer in a word. */
  readonly publish: (device: Device) => Promise<{ readonly number: number; readonly answer: string }>;
  /** Waits before the next attempt. */
  readonly rest: () => Promise<void>;
}

/** What became of the registrations that were to be proven, each by one publish that had an answer. */
export interface Proof {
  /** Numbers of the publishes that were answered `result`: these have to arrive. */
  readonly promised: readonly number[];
  /** The server says that there is no such registration, or none that may be published to. */
  readonly refused: readonly Device[];
  /** None of the attempts was decided: no answer, or "not now". Nobody knows whether the registration is there. */
  readonly undecided: readonly Device[];
}

/** Publishes to one device before it counts as undecided. */
export const attemptsAtMost = 60;

/** Publishes to each device until there is an answer that decides. */
export async function proveRegistrations(
  devices: readonly Device[],
  { publish, rest }: ProvingOptions,
): Promise<Proof> {
  const promised: number[] = [];
  const refused: Device[] = [];
  const undecided: Device[] = [];
  for (const device of devices) {
    let attempts = 1;
    let { number, answer } = await publish(device);
    for (; isUndecided(answer) && attempts < attemptsAtMost; attempts += 1) {
      await rest();
      ({ number, answer } = await publish(device));
    }
    if (answer === 'result') promised.push(number);
    else (isUndecided(answer) ? undecided : refused).push(device);
  }
  return { promised, refused, undecided };
}

/** What a lost link or a busy server says. */
function isUndecided(answer: string): boolean {
  return answer === 'disconnected' || answer === 'silence' || answer.startsWith('wait/');
}
