// The part of @xmpp/client that the tests use; the package has no types of its own.
declare module '@xmpp/client' {
  import type { Socket } from 'node:net';
  import type { Element } from 'ltx';
  type Authenticate = (credentials: { username: string; password: string }, mechanism: string) => Promise<void>;
  export interface Client {
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'stanza', listener: (stanza: Element) => void): void;
    start(): Promise<{ toString(): string }>;
    stop(): Promise<void>;
    send(stanza: Element): Promise<void>;
    readonly iqCaller: { request(stanza: Element, timeoutMs?: number): Promise<Element> };
    readonly reconnect: { stop(): void };
    /** Null if there is none. */
    readonly socket: Socket | null;
  }
  export function client(options: {
    service: string;
    domain: string;
    resource: string;
    credentials: (authenticate: Authenticate) => Promise<void>;
  }): Client;
  export function xml(name: string, attributes?: Record<string, string>, ...children: (Element | string)[]): Element;
}
