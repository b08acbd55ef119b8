import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** Wraps a value so that printing, inspecting or serialising it shows `[secret]`. */
export function createSecret(value: string): Secret {
  const secret = {
    reveal: () => value,
    toString: () => SHOWN,
    toJSON: () => SHOWN,
    [inspect.custom]: () => SHOWN,
  };
  return Object.freeze(secret);
}

/** A value that no log line and no error text may show. */
export interface Secret {
  /** The value itself. */
  reveal(): string;
  /** `[secret]`; `JSON.stringify` gives the same. */
  toString(): string;
}

/** Compares in constant time: both digests have the same length, whatever the texts are. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
