import { generateKeyPairSync } from 'node:crypto';
import type { Sources } from '../../src/config/kinds/values.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;

/** Keys that live as long as the test. */
export const p8 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString();
export const serviceAccount = {
  type: 'service_account',
  project_id: 'messenger-1',
  client_email: 'push@messenger-1.iam.gserviceaccount.com',
  private_key: rsa,
};

/** A file system and an environment of literals; paths are absolute. */
export function createSources(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  env: Readonly<Record<string, string>> = {},
): Sources {
  const all: Readonly<Record<string, string | Uint8Array>> = {
    '/etc/sealpost/certs/AuthKey_ABC1234567.p8': p8,
    '/etc/sealpost/certs/service-account.json': JSON.stringify(serviceAccount),
    '/run/secrets/component': 'juliet\n',
    ...files,
  };
  return {
    baseDir: '/etc/sealpost',
    readFile: (path) => {
      const content = all[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(content);
    },
    env: { SEALPOST_ADMIN_TOKEN: 'admin-token', ...env },
  };
}
