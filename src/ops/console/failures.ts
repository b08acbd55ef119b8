import type { Outcome } from '../../core/answers.ts';
import { domainOf } from '../../core/jid.ts';
import type { PushResult } from '../../core/push.ts';
import type { Registration } from '../../core/registration.ts';
import type { AppSender } from '../../sending/app-sender.ts';
import { fingerprint } from '../../telemetry/log.ts';
import type { Clock } from '../../time/clock.ts';
import { describeOutcome, describeResult } from '../admin/words.ts';

/** Kinds of failures that are remembered; the kind that happened longest ago is forgotten first. */
export const failureKinds = 50;

/** What went wrong, once or often, since the start. No token, node or local part of a JID. Times are ISO 8601. */
export interface Failure {
  /** In an operator's words. */
  readonly what: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Absent: it is not known which app it would have been for. */
  readonly app?: string;
  readonly count: number;
  readonly firstAt: string;
  /** The latest time, the device that it met then (fingerprint), and the domain that published to it. */
  readonly at: string;
  readonly registration: string;
  readonly domain?: string;
}

export interface FailuresOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** They know what to do about a `misconfigured` result. */
  readonly appSenders: ReadonlyMap<string, Pick<AppSender, 'hintFor'>>;
}

/** Remembers what failed lately, a line for each kind. */
export interface Failures {
  /** To be called with the result of each push. */
  push(registration: Registration, result: PushResult): void;
  /** To be called with what became of each notification; `publisher` is a JID. */
  publish(seen: SeenPublish, outcome: Outcome): void;
  /** The latest first. */
  list(): readonly Failure[];
}

/** A notification whose fate is known. */
export interface SeenPublish {
  readonly node: string;
  readonly publisher: string;
  readonly registration?: Registration;
}

/** Went well, or failed by the result of a push, which is told by itself. */
const toldElsewhere: ReadonlySet<Outcome> = new Set<Outcome>([
  ...(['sent', 'queued', 'coalesced', 'unimportant'] as const),
  ...(['payload-rejected', 'misconfigured', 'gone'] as const),
]);

interface Remembered {
  count: number;
  readonly firstAtMs: number;
  atMs: number;
  node: string;
  domain?: string;
  readonly describe: () => Pick<Failure, 'what' | 'hint' | 'app'>;
}

/** Remembers nothing yet. */
export function createFailures({ clock, appSenders }: FailuresOptions): Failures {
  /** By kind; the one that happened latest is the last. Reasons are from tables, so that nobody makes up kinds. */
  const kinds = new Map<string, Remembered>();

  const hintFor = (app: string) => (reason: string) =>
    appSenders.get(app)?.hintFor(reason) ?? 'put the app back into the config';

  function note(kind: string, node: string, describe: Remembered['describe'], domain?: string): void {
    const atMs = clock.now();
    const known = kinds.get(kind) ?? { count: 0, firstAtMs: atMs, atMs, node, describe };
    Object.assign(known, { count: known.count + 1, atMs, node, ...(domain !== undefined && { domain }) });
    // A map keeps its order: the latest goes to the end.
    kinds.delete(kind);
    kinds.set(kind, known);
    const [oldest] = kinds.keys();
    if (kinds.size > failureKinds && oldest !== undefined) kinds.delete(oldest);
  }

  return {
    push({ app, node }, result) {
      if (result.kind === 'accepted') return;
      const text = `${result.kind} ${result.reason}`;
      note(`${app} push ${text}`, node, () => ({ app, ...describeResult(text, hintFor(app)) }));
    },
    publish({ node, publisher, registration }, outcome) {
      if (toldElsewhere.has(outcome)) return;
      const app = registration ? { app: registration.app } : {};
      const kind = `${registration?.app ?? ''} publish ${outcome}`;
      note(kind, node, () => ({ ...app, ...describeOutcome(outcome) }), domainOf(publisher));
    },
    list: () =>
      [...kinds.values()].toReversed().map(({ describe, count, firstAtMs, atMs, node, domain }) => ({
        ...describe(),
        count,
        firstAt: new Date(firstAtMs).toISOString(),
        at: new Date(atMs).toISOString(),
        registration: fingerprint(node),
        ...(domain !== undefined && { domain }),
      })),
  };
}
