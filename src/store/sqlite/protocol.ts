/** What passes between the main thread and the one that owns the file. */
import type { FileOptions } from './connection.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A statement on its way: its text is sent once, and afterwards its number stands for it. */
export interface NumberedStatement {
  readonly number: number;
  readonly sql?: string;
  readonly parameters: readonly unknown[];
}

/** To the thread: statements that are committed together, a write probe, or the end. */
export type Request =
  | { readonly kind: 'run'; readonly statements: readonly NumberedStatement[] }
  | { readonly kind: 'probe' }
  | { readonly kind: 'close' };

/** An error of SQLite, which as an object would lose its codes on the way. */
export interface Failure {
  readonly message: string;
  readonly code: string;
  /** Result code of SQLite. */
  readonly errcode?: number;
}

export type Result =
  | { readonly kind: 'done'; readonly rows: readonly unknown[]; readonly changes: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** First message of the thread. */
export type Opening =
  { readonly kind: 'opened' } | { readonly kind: 'refused'; readonly message: string; readonly hint: string };

export type Reply =
  | Opening
  /** One result for each statement, in their order. */
  | { readonly kind: 'ran'; readonly results: readonly Result[] };

/** What the thread starts with. */
export type ThreadData = FileOptions;
