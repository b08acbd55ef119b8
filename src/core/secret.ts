import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** Wraps a value so that printing, formatting, inspecting or serialising it shows `[secret]`. */
export function createSecret(value: string): Secret {
  const secret = {
    reveal: () => value,
    toString: () => SHOWN,
    toJSON: () => SHOWN,
    [inspect.custom]: () => SHOWN,
  };
  return Object.freeze(secret);
}

/** A value that neither a log nor an error may show. */
export interface Secret {
  /** The value itself. */
  reveal(): string;
  /** `[secret]`, as is its JSON. */
  toString(): string;
}

/** Compares in a time that tells nothing about either text: digests are of one length. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
