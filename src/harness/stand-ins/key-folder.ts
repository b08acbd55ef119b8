/** The keys of the stand-ins for both providers, in a folder: made where they are missing, else as they are. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Authority,
  createApnsKey,
  createAuthority,
  createServiceAccount,
  restoreAuthority,
  type ServiceAccount,
} from './certificates.ts';

/** What the stand-ins check with, and the files that a push app server needs. */
export interface ProviderKeys {
  readonly authority: Authority;
  /** SPKI PEM of the key for provider tokens. */
  readonly apnsPublicKey: string;
  readonly account: ServiceAccount;
  readonly files: Readonly<Record<'apnsKey' | 'apnsCa' | 'serviceAccount' | 'fcmCa', string>>;
}

const names = {
  authority: 'ca.pem',
  authorityKey: 'ca-key.pem',
  apnsKey: 'AuthKey_HARNESS123.p8',
  serviceAccount: 'service-account.json',
} as const;

/**
 * @param folder is made, for this user alone, if there is none
 * @throws Error that names the file which cannot be used
 */
export async function openKeyFolder(folder: string): Promise<ProviderKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const save = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });

  async function openAuthority(): Promise<Authority> {
    const [certificate, key] = await Promise.all(
      [names.authority, names.authorityKey].map((name) => read(folder, name)),
    );
    if (certificate !== undefined && key !== undefined) {
      return use(join(folder, names.authorityKey), () => restoreAuthority({ certificate, key }));
    }
    const fresh = await createAuthority();
    await save(names.authority, fresh.certificate);
    await save(names.authorityKey, fresh.key);
    return fresh;
  }

  async function openApnsKey(): Promise<string> {
    const kept = await read(folder, names.apnsKey);
    if (kept !== undefined) return use(join(folder, names.apnsKey), () => publicHalf(kept));
    const fresh = await createApnsKey();
    await save(names.apnsKey, fresh.privateKey);
    return fresh.publicKey;
  }

  async function openAccount(): Promise<ServiceAccount> {
    const kept = await read(folder, names.serviceAccount);
    if (kept !== undefined) return use(join(folder, names.serviceAccount), () => readAccount(kept));
    const fresh = await createServiceAccount('sealpost-harness');
    await save(names.serviceAccount, fresh.json);
    return fresh;
  }

  // One after the other, so that nothing is still written when one of them cannot be used.
  const authority = await openAuthority();
  const apnsPublicKey = await openApnsKey();
  const account = await openAccount();
  const ca = join(folder, names.authority);
  const files = {
    apnsKey: join(folder, names.apnsKey),
    apnsCa: ca,
    serviceAccount: join(folder, names.serviceAccount),
    fcmCa: ca,
  };
  return { authority, apnsPublicKey, account, files };
}

async function read(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a kept file is read as. */
async function use<T>(file: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    throw new Error(`${file} is none of the harness's keys: remove it, and a new one is made`, { cause: error });
  }
}

function publicHalf(privateKey: string): string {
  return String(createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }));
}

function readAccount(json: string): ServiceAccount {
  const {
    project_id: projectId,
    client_email: clientEmail,
    private_key: key,
  } = JSON.parse(json) as Record<string, unknown>;
  if (typeof projectId !== 'string' || typeof clientEmail !== 'string') throw new Error('it names no account');
  return { projectId, clientEmail, json, publicKey: publicHalf(String(key)) };
}
