/** The pushes that reach a provider for one phone, in their order. */
import type { ReceivedPush, StandIn } from '../stand-ins/contract.ts';
import type { Clock } from '../../time/clock.ts';

/** Which token a push went to: one of the phone's, one that it had before, or that of another device of the account. */
export type Place = 'first' | 'second' | 'outdated' | 'of another device';

export interface Mailbox {
  /** From now on pushes to this token are the phone's, too. */
  watch(token: string, place: Place): void;
  /** Which of the phone's tokens the push went to. */
  placeOf(push: ReceivedPush): Place;
  /** Whether pushes to this token are taken in. */
  isWatched(token: string): boolean;
  /** Resolves when so many pushes have arrived that were not taken yet, or the time is over. */
  whenArrived(count: number, timeoutMs: number): Promise<void>;
  /** Takes those that have arrived, at most so many. */
  take(count?: number): readonly ReceivedPush[];
  /** The latest one that was taken. */
  readonly latest: ReceivedPush | undefined;
  /** Those that nobody took. */
  surplus(): readonly ReceivedPush[];
  /** Takes no more in. */
  close(): void;
}

export function createMailbox(standIn: StandIn, clock: Clock): Mailbox {
  const arrived: ReceivedPush[] = [];
  const places = new Map<string, Place>();
  // APNs' tokens are hex; in FCM's each letter counts.
  const keyOf = (token: string) => (/^[0-9a-f]+$/i.test(token) ? token.toLowerCase() : token);
  let taken = 0;
  let announce = () => {};
  const close = standIn.onPush((push) => {
    if (!places.has(keyOf(push.token))) return;
    arrived.push(push);
    announce();
  });
  return {
    watch: (token, place) => void places.set(keyOf(token), place),
    placeOf: (push) => places.get(keyOf(push.token)) ?? 'first',
    isWatched: (token) => places.has(keyOf(token)),
    whenArrived(count, timeoutMs) {
      return new Promise((resolve) => {
        const finish = () => {
          cancel();
          announce = () => {};
          resolve();
        };
        const cancel = clock.after(timeoutMs, finish);
        announce = () => {
          if (arrived.length - taken >= count) finish();
        };
        announce();
      });
    },
    take(count = Number.POSITIVE_INFINITY) {
      const pushes = arrived.slice(taken, taken + count);
      taken += pushes.length;
      return pushes;
    },
    get latest() {
      return arrived[taken - 1];
    },
    surplus: () => arrived.slice(taken),
    close,
  };
}
