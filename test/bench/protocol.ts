/** The calls of each process of the benchmark. */
import type { RegisteredKey } from '../../src/harness/stand-ins/apns-tokens.ts';
import type { ServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import type { Script, Spell } from '../../src/harness/stand-ins/contract.ts';

export type ProviderName = 'apns' | 'fcm';

/**
 * How much is sent: with at most `window` publishes unanswered, or with so many publishes started per second, however
 * long their answers take.
 */
export type Load =
  { readonly count: number; readonly window: number } | { readonly count: number; readonly perSecond: number };

/** Result of a load, as its sender sees it. */
export interface LoadReport {
  readonly count: number;
  /** From the first write to the last answer. */
  readonly durationMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Number of each answer; `none`: no answer. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Resources used by a process; CPU since its start. */
export interface Usage {
  /** User and system time of all threads, microseconds. */
  readonly cpuMicros: number;
  readonly peakRssBytes: number;
}

/** A request as a provider's stand-in received it. */
export interface PushRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A registered device. */
export interface DeviceRow {
  /** Domain of its account, which publishes to the device. */
  readonly home: string;
  readonly account: string;
  readonly token: string;
  readonly node: string;
}

/** Component domains that the generator lets in. */
export const domains = { server: 'push.localhost', floor: 'floor.localhost' } as const;
export const componentSecret = 's3cret';
export const providerIds: Readonly<Record<ProviderName, string>> = {
  apns: 'tigase:messenger:apns:1',
  fcm: 'fcm-xmpp-api',
};

/** The devices of a provider in one store. */
export interface DeviceSet {
  readonly store: string;
  readonly provider: ProviderName;
}

/** What is published to whom. */
export interface Blast extends DeviceSet {
  /** The component that gets the publishes. */
  readonly domain: string;
  readonly load: Load;
  /** Every other publish goes to a node that nobody has, each from a server that never published before. */
  readonly withStrangers?: boolean;
}

/** The XMPP server's process. */
export type GeneratorCalls = {
  /** Port for components. */
  listen: { input: undefined; output: { readonly service: string } };
  /** Resolves once a component of the domain is connected. */
  connected: { input: { readonly domain: string }; output: undefined };
  /** Registers this many devices with the server over the link, each with its own token. */
  register: { input: DeviceSet & { readonly devices: number }; output: undefined };
  /** Takes devices that are in the store already. */
  adopt: { input: DeviceSet & { readonly devices: readonly DeviceRow[] }; output: undefined };
  devices: { input: DeviceSet; output: readonly DeviceRow[] };
  /** Publishes to the devices of the provider in turn. */
  blast: { input: Blast; output: LoadReport };
};

export type StandInStart =
  | { readonly provider: 'apns'; readonly topic: string; readonly key: RegisteredKey }
  | { readonly provider: 'fcm'; readonly account: Pick<ServiceAccount, 'projectId' | 'clientEmail' | 'publicKey'> };

/** Where a provider's stand-in listens, and the authority that signed its certificate. */
export interface Target {
  readonly origin: string;
  readonly ca: string;
}

export type StandInCalls = {
  start: { input: StandInStart; output: Target };
  /** Number of pushes by status and reason: `200`, `410 Unregistered`, … */
  tally: { input: undefined; output: Readonly<Record<string, number>> };
  /** Treats a token, or all with `*`, like this until told otherwise. */
  script: { input: { readonly token: string; readonly script?: Script }; output: undefined };
  /** Spells from now on; none: all is well. */
  schedule: { input: readonly Spell[]; output: undefined };
  /** Ends all connections and refuses new ones, or accepts them again. */
  port: { input: 'closed' | 'open'; output: undefined };
  /** The latest requests. */
  latest: { input: { readonly count: number }; output: readonly PushRequest[] };
};

export interface FloorStart {
  readonly service: string;
  readonly provider: ProviderName;
  readonly target: Target;
  /** A request that the server sent. */
  readonly template: PushRequest;
  readonly devices: readonly DeviceRow[];
  /** An empty folder. */
  readonly folder: string;
}

/** The bare program that does the same work. */
export type FloorCalls = {
  connect: { input: FloorStart; output: undefined };
  usage: { input: undefined; output: Usage };
  resetPeak: { input: undefined; output: undefined };
};

/** A process that looks registrations up in a store. */
export type LookUpCalls = {
  open: { input: { readonly path: string; readonly nodes: readonly string[] }; output: undefined };
  /** Looks so many up, one after the other. */
  measure: {
    input: { readonly count: number };
    output: Readonly<Record<'cpuUs' | 'perSecond' | 'p50Ms' | 'p99Ms' | 'rssMb', number>>;
  };
};
