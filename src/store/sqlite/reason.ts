import { errorCode } from '../../telemetry/error-code.ts';

/** By primary result code (https://sqlite.org/rescode.html). */
const reasons: Readonly<Record<number, string>> = {
  5: 'locked',
  8: 'read-only',
  10: 'io-error',
  11: 'damaged',
  13: 'disk-full',
  14: 'cannot-open',
  19: 'unfit',
  20: 'unfit',
  26: 'damaged',
};

/** A word for an error of SQLite or the file system: safe to log, one of a limited set. */
export function sqliteReason(error: unknown): string {
  const resultCode = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return reasons[resultCode] ?? errorCode(error);
}
