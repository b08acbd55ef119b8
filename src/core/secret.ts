import { inspect } from 'node:util';
import type { Secret } from './push.ts';

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
