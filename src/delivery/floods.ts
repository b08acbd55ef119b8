/** Tells which domains send more than they may, so that an operator can ask why. */
import { domainOf } from '../core/jid.ts';
import { type Log, throttleEach } from '../telemetry/log.ts';
import type { Clock } from '../time/clock.ts';

/** What a domain sends too much of. */
export type FloodKind = 'publishes' | 'commands';

/**
 * Refusals of a domain within two windows from which on it is a flood. What the limit of an account refuses is no refusal of
 * its domain.
 */
export const floodFrom = 100;

const windowMs = 300_000;

/** Domains that are watched for each kind; beyond it the one that was refused longest ago is forgotten. */
export const watchedFloods = 100;

/** Longest part of a domain that is told. */
const domainLimit = 128;

/** Domains that are told by name. */
const toldDomains = 3;

const logEveryMs = 60_000;

export interface FloodsOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** Watches what the rate limits refuse. */
export interface Floods {
  /** Something was refused. @param from JID that sent it */
  note(from: string, kind: FloodKind): void;
  /** What an operator should know of the floods of the last minutes; undefined: there is none. */
  readonly concern: { readonly reason: string; readonly hint: string } | undefined;
}

interface Seen {
  readonly domain: string;
  readonly kind: FloodKind;
  startedMs: number;
  lastMs: number;
  /** Refusals of this window, and of the one before. */
  count: number;
  before: number;
}

export function createFloods({ clock, log }: FloodsOptions): Floods {
  /** By kind and domain, the one that was refused last at the end. */
  const seen = { publishes: new Map<string, Seen>(), commands: new Map<string, Seen>() };
  const mayLog = throttleEach(logEveryMs, clock);

  function isPresent({ lastMs, count, before }: Seen): boolean {
    return count + before >= floodFrom && clock.monotonic() - lastMs < windowMs;
  }

  return {
    note(from, kind) {
      const domain = domainOf(from).slice(0, domainLimit);
      const nowMs = clock.monotonic();
      const known = seen[kind];
      const one = known.get(domain) ?? { domain, kind, startedMs: nowMs, lastMs: nowMs, count: 0, before: 0 };
      const passedMs = nowMs - one.startedMs;
      if (passedMs >= windowMs) {
        one.before = passedMs < 2 * windowMs ? one.count : 0;
        one.count = 0;
        one.startedMs = nowMs;
      }
      one.count += 1;
      one.lastMs = nowMs;
      known.delete(domain);
      known.set(domain, one);
      const [oldest] = known.keys();
      if (known.size > watchedFloods && oldest !== undefined) known.delete(oldest);
      if (!isPresent(one) || !mayLog(kind)) return;
      log.warn({ domain, reason: 'rate-limited', count: one.count + one.before, hint: hints[kind] }, messages[kind]);
    },
    get concern() {
      const floods = [...seen.publishes.values(), ...seen.commands.values()].filter(isPresent);
      if (floods.length === 0) return undefined;
      const sorted = floods.toSorted((a, b) => b.count + b.before - (a.count + a.before));
      const told = sorted.slice(0, toldDomains).map(describe);
      const rest = sorted.length - told.length;
      const kinds = new Set(floods.map(({ kind }) => kind));
      return {
        reason: [...told, ...(rest > 0 ? [`${rest} more`] : [])].join('; '),
        hint: [...kinds].map((kind) => hints[kind]).join('; '),
      };
    },
  };
}

function describe({ domain, kind, count, before }: Seen): string {
  const fate = kind === 'publishes' ? 'put off' : 'refused';
  return `${domain} sends more ${kind} than it may: ${count + before} were ${fate} within ten minutes`;
}

const messages: Readonly<Record<FloodKind, string>> = {
  publishes: 'a domain publishes more than it may: what is beyond its share is put off',
  commands: 'accounts of a domain send more commands than they may: what is beyond their share is refused',
};

const hintFor = (limit: string) =>
  `other domains are not affected. If it is your own server, raise limits.${limit} and reload (kill -HUP); if not, leave ` +
  'the limit as it is, or block the domain at the XMPP server';

const hints: Readonly<Record<FloodKind, string>> = {
  publishes: hintFor('publishesPerDomain'),
  commands: hintFor('commandsPerDomain'),
};
