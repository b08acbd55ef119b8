import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import type { LedgerEntry, LedgerEvent, ProviderName } from './ledger-entry.ts';
import { type LedgerReport, numberIn } from './ledger.ts';
import type { Answered, Question, ToLedger } from './ledger-process.ts';
import type { Device } from './traffic.ts';

/** The ledger in a process of its own, so that its work delays neither servers nor providers. */
export interface Books extends AsyncDisposable {
  /** Publishes so far. */
  readonly published: number;
  /** Books a publish that starts now; returns its number. */
  publish(entry: Pick<LedgerEntry, 'kind' | 'device'>): number;
  answer(number: number, answer: string): void;
  receive(push: ReceivedPush): void;
  /** From now on the provider of this device calls it gone. */
  gone(device: Device): void;
  /** The server was killed and its successor is up now. */
  killed(sinceMs: number): void;
  /** The provider closes its connections now. */
  hungUp(provider: ProviderName): void;
  /** The clock was set back, and the first process started after that is up now. */
  setBack(sinceMs: number): void;
  /** The disk was full until now. */
  diskWasFull(sinceMs: number): void;
  /** The store was deleted now, and with it what was queued. */
  storeLost(): void;
  /** What the database saw displaced by newer pushes. */
  displaced(numbers: readonly number[]): void;
  /** Whether nothing is lost and each call has arrived or expired. */
  balance(): Promise<boolean>;
  /** The publishes among these that no provider accepted. */
  missing(numbers: readonly number[]): Promise<number[]>;
  report(): Promise<LedgerReport>;
}

/** Events are sent in groups, so that there is one message for some tens of them. */
const sendEveryMs = 20;

export function openBooks(): Books {
  const file = fileURLToPath(new URL('ledger-process.ts', import.meta.url));
  const child = fork(file, { serialization: 'advanced', execArgv: [] });
  const asked = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let published = 0;
  let questions = 0;
  let waiting: LedgerEvent[] = [];
  child.on('message', ({ id, answer }: Answered) => {
    asked.get(id)?.resolve(answer);
    asked.delete(id);
  });
  const ended = once(child, 'exit').finally(() => {
    for (const { reject } of asked.values()) reject(new Error('the process of the ledger has ended'));
    asked.clear();
  });

  /** Events booked after the end of the process are lost; whoever asks gets an error. */
  function send(message: ToLedger): void {
    if (child.connected) child.send(message);
  }

  function flush(): void {
    if (waiting.length > 0) send({ kind: 'events', events: waiting });
    waiting = [];
  }

  function book(event: LedgerEvent): void {
    if (waiting.push(event) === 1) setTimeout(flush, sendEveryMs);
  }

  function ask(question: Question): Promise<unknown> {
    if (!child.connected) return Promise.reject(new Error('the process of the ledger has ended'));
    flush();
    questions += 1;
    const id = questions;
    return new Promise((resolve, reject) => {
      asked.set(id, { resolve, reject });
      send({ kind: 'question', id, question });
    });
  }

  return {
    get published() {
      return published;
    },
    publish({ kind, device }) {
      const number = published;
      published += 1;
      book({ kind: 'published', number, of: kind, device, atMs: Date.now() });
      return number;
    },
    answer: (number, answer) => book({ kind: 'answered', number, answer, atMs: Date.now() }),
    receive(push) {
      const { provider, token, status, atMs, headers } = push;
      const id = headers['apns-id'];
      book({
        kind: 'received',
        number: numberIn(push),
        provider,
        token,
        status,
        atMs,
        ...(id !== undefined && { id }),
      });
    },
    gone: ({ token }) => book({ kind: 'gone', token, atMs: Date.now() }),
    killed: (sinceMs) => book({ kind: 'killed', fromMs: sinceMs, untilMs: Date.now() }),
    hungUp: (provider) => book({ kind: 'hung-up', provider, atMs: Date.now() }),
    setBack: (sinceMs) => book({ kind: 'set-back', fromMs: sinceMs, untilMs: Date.now() }),
    diskWasFull: (sinceMs) => book({ kind: 'disk-full', fromMs: sinceMs, untilMs: Date.now() }),
    storeLost: () => book({ kind: 'store-lost', atMs: Date.now() }),
    displaced: (numbers) => book({ kind: 'displaced', numbers }),
    balance: async () => (await ask({ kind: 'balance' })) as boolean,
    missing: async (numbers) => (await ask({ kind: 'missing', numbers })) as number[],
    report: async () => (await ask({ kind: 'report' })) as LedgerReport,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
