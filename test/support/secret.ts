import type { Secret } from '../../src/push.ts';

export function createSecret(value: string): Secret {
  return { reveal: () => value, toString: () => '[secret]' };
}
