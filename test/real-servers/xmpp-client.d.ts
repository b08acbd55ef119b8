// The part of @xmpp/client that the tests use; the package has no types of its own.
declare module '@xmpp/client' {
  import type { Element } from 'ltx';
  export interface Client {
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'stanza', listener: (stanza: Element) => void): void;
    start(): Promise<{ toString(): string }>;
    stop(): Promise<void>;
    send(stanza: Element): Promise<void>;
    readonly iqCaller: { request(stanza: Element, timeoutMs?: number): Promise<Element> };
    readonly reconnect: { stop(): void };
  }
  export function client(options: {
    service: string;
    domain: string;
    resource: string;
    username: string;
    password: string;
  }): Client;
  export function xml(name: string, attributes?: Record<string, string>, ...children: (Element | string)[]): Element;
}
