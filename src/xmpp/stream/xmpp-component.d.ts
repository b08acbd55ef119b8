/** The part of `@xmpp/component` 0.13 that Sealpost uses; the package has no types of its own. */
declare module '@xmpp/component' {
  import type { EventEmitter } from 'node:events';

  export interface ComponentEntity extends EventEmitter {
    /** Milliseconds for the header and for the handshake. */
    timeout: number;
    /** Constructed once per stream; emits `start`, `element`, `end`. */
    Parser: new () => EventEmitter & { write(text: string): void };
    /** Constructed once per connection; emits `connect`, `data`, `close`, `error`. */
    Socket: new () => EventEmitter & {
      connect(parameters: object): void;
      write(text: string, done: (error?: Error) => void): void;
      end(): void;
    };
    socketParameters: (service: string) => object;
    readonly reconnect: { stop(): void };
    connect(service: string): Promise<unknown>;
    /** Writes the stream header and waits for the server's, which is answered with the handshake. */
    open(options: { domain: string }): Promise<unknown>;
  }

  export function component(options: {
    service: string;
    domain: string;
    /** Called with a function that takes the secret and hashes the low byte of each of its UTF-16 units. */
    password: (authenticate: (secret: string) => Promise<void>) => Promise<void>;
  }): ComponentEntity;

  export function xml(name: string, attributes: Record<string, string>): object;
}
