/** Names of the accounts unless told otherwise. */
export const usualAccounts: readonly string[] = ['alice', 'bob'];

/** A real XMPP server on loopback with accounts (password: name + `pw`) and one component. */
export interface RealServer {
  readonly clientPort: number;
  readonly componentPort: number;
  readonly domain: string;
  readonly component: string;
  /** Secret of this component and of `load.localhost`, with which tests publish in numbers. */
  readonly secret: string;
  /** Ends the process and starts it again with the same ports and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}
