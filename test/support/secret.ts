import type { Secret } from '../../src/core/push.ts';

export function createSecret(value: string): Secret {
  return { reveal: () => value, toString: () => '[secret]' };
}
