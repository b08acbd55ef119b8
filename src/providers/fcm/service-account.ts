/** The key file of a service account: cloud.google.com, "Create and delete service account keys". */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { CredentialError } from '../credential-file.ts';

/** The fields needed to ask Google for access tokens. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  /** PKCS#8 PEM of an RSA key. */
  readonly privateKey: string;
}

/** Tells an operator where to get the key file. */
export const serviceAccountHint =
  'Create one in the Firebase console under Project settings, Service accounts, "Generate new private key".';

const schema = z.object({
  type: z.literal('service_account'),
  project_id: z.string().regex(/^[a-z0-9.:-]{1,100}$/),
  client_email: z.string().min(3),
  private_key: z.string().refine((pem) => {
    try {
      return createPrivateKey(pem).asymmetricKeyType === 'rsa';
    } catch {
      return false;
    }
  }),
});

/**
 * Reads the content of the JSON file.
 * @throws CredentialError that names the missing or unusable fields, never their values
 */
export function readServiceAccount(content: Uint8Array): ServiceAccount {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    throw new CredentialError('is not JSON', serviceAccountHint);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const wrong = [...new Set(parsed.error.issues.map(({ path: [key] }) => String(key ?? 'everything')))];
    const problem = `is not the key file of a service account: ${wrong.join(', ')} missing or not usable`;
    throw new CredentialError(problem, serviceAccountHint);
  }
  const { project_id: projectId, client_email: clientEmail, private_key: privateKey } = parsed.data;
  return { projectId, clientEmail, privateKey };
}
