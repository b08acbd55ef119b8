/** The calls of each process of the benchmark. */
import type { RegisteredKey } from '../../src/harness/stand-ins/apns-tokens.ts';
import type { ServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import type { Script } from '../../src/harness/stand-ins/contract.ts';

export type ProviderName = 'apns' | 'fcm';

/** How much is sent, and how much of it may be unanswered at a time. */
export interface Load {
  readonly count: number;
  readonly window: number;
}

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

/** Component domains that the generator lets in. */
export const domains = { server: 'push.localhost', floor: 'floor.localhost' } as const;
export const componentSecret = 's3cret';
export const providerIds: Readonly<Record<ProviderName, string>> = {
  apns: 'tigase:messenger:apns:1',
  fcm: 'fcm-xmpp-api',
};

/** The XMPP server's process. */
export type GeneratorCalls = {
  /** Port for components. */
  listen: { input: undefined; output: { readonly service: string } };
  /** Resolves once a component of the domain is connected. */
  connected: { input: { readonly domain: string }; output: undefined };
  /** Registers this many devices with the server over the link, each with its own token. */
  register: { input: { readonly provider: ProviderName; readonly devices: number }; output: undefined };
  /** Publishes to the provider's devices in turn. */
  blast: {
    input: { readonly domain: string; readonly provider: ProviderName; readonly load: Load };
    output: LoadReport;
  };
};

export type StandInStart =
  | { readonly provider: 'apns'; readonly topic: string; readonly key: RegisteredKey }
  | { readonly provider: 'fcm'; readonly account: Pick<ServiceAccount, 'projectId' | 'clientEmail' | 'publicKey'> };

export type StandInCalls = {
  start: { input: StandInStart; output: { readonly origin: string; readonly ca: string } };
  /** Number of pushes by status and reason: `200`, `410 Unregistered`, … */
  tally: { input: undefined; output: Readonly<Record<string, number>> };
  /** Treats a token, or all with `*`, like this until told otherwise. */
  script: { input: { readonly token: string; readonly script?: Script }; output: undefined };
  /** The latest requests. */
  latest: { input: { readonly count: number }; output: readonly PushRequest[] };
};

/** A client that sends prepared requests to a provider and does nothing else. */
export type SenderCalls = {
  connect: {
    input: { readonly origin: string; readonly ca: string; readonly requests: readonly PushRequest[] };
    output: undefined;
  };
  send: { input: Load; output: LoadReport };
  usage: { input: undefined; output: Usage };
};

/** A component that answers every publish at once and does nothing else. */
export type ComponentCalls = {
  connect: { input: { readonly service: string; readonly domain: string }; output: undefined };
  usage: { input: undefined; output: Usage };
};
