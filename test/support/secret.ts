import type { Secret } from '../../src/core/secret.ts';

export function createSecret(value: string): Secret {
  return { reveal: () => value, toString: () => '[secret]' };
}
