import type { LedgerEvent } from './ledger-entry.ts';
import { createLedger } from './ledger.ts';

// Keeps the ledger until its parent ends it.

export type Question =
  | { readonly kind: 'balance' }
  | { readonly kind: 'missing'; readonly numbers: readonly number[] }
  | { readonly kind: 'report' };

export type ToLedger =
  | { readonly kind: 'events'; readonly events: readonly LedgerEvent[] }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question };

export interface Answered {
  readonly id: number;
  readonly answer: unknown;
}

const ledger = createLedger();

function answerTo(question: Question): unknown {
  switch (question.kind) {
    case 'balance':
      return ledger.balances(Date.now());
    case 'missing':
      return ledger.missing(question.numbers);
    case 'report':
      return ledger.report();
  }
}

process.on('message', (message: ToLedger) => {
  if (message.kind === 'events') {
    for (const event of message.events) ledger.record(event);
    return;
  }
  const { id, question } = message;
  process.send?.({ id, answer: answerTo(question) } satisfies Answered);
});
