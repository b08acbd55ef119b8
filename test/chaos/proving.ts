import type { Device } from './traffic.ts';

export interface ProvingOptions {
  /** Publishes to a device; resolves with the number of the publish and the answer. */
  readonly publish: (device: Device) => Promise<{ readonly number: number; readonly answer: string }>;
  /** Waits before the next attempt. */
  readonly rest: () => Promise<void>;
}

/** Result for the registrations to be proven, each by one answered publish. */
export interface Proof {
  /** Numbers of the publishes answered with `result`, which have to arrive. */
  readonly promised: readonly number[];
  /** Devices without a registration that may be published to, as the server says. */
  readonly refused: readonly Device[];
  /** Devices without a decisive answer, so that nobody knows whether they are registered. */
  readonly undecided: readonly Device[];
}

/** Publishes to one device before it counts as undecided. */
export const attemptsAtMost = 60;

/** Publishes to each device until an answer decides. */
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

/** Answers of a lost link or a busy server. */
function isUndecided(answer: string): boolean {
  return answer === 'disconnected' || answer === 'silence' || answer.startsWith('wait/');
}
