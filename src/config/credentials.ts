// Apple: "Establishing a token-based connection to APNs", "Establishing a certificate-based connection to APNs".
// Google: "Authorize send requests" of FCM HTTP v1.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { CredentialError } from '../providers/credential-file.ts';
import { readServiceAccount, serviceAccountHint } from '../providers/fcm/service-account.ts';
import { withHint } from './problems.ts';
import { createSecret } from '../core/secret.ts';
import { section, type ValueKinds } from './values.ts';

const P8_HINT =
  'Create a key with "Apple Push Notifications service (APNs)" at developer.apple.com under Certificates, ' +
  'Identifiers & Profiles, Keys; Apple lets you download its .p8 file once.';
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** `key: { file, id, team }`: Apple's signing key for provider tokens. */
export function apnsKey(values: ValueKinds) {
  const source = values.file('the path of the .p8 file from Apple').transform(({ content, path }, context) => {
    const pem = Buffer.from(content).toString('utf8');
    if (isP256Key(pem)) return { key: createSecret(pem), ...(path !== undefined && { path }) };
    context.addIssue(withHint('is not a signing key for APNs (an EC key on P-256 in PEM)', P8_HINT));
    return z.NEVER;
  });
  const tenCharacters = /^[A-Z0-9]{10}$/;
  return section({
    file: source,
    id: values.text(
      "the key's id, 10 capital letters and digits, shown beside the key and in its file name",
      tenCharacters,
    ),
    team: values.text(
      'the id of the developer team, 10 capital letters and digits, on the Membership page',
      tenCharacters,
    ),
  }).transform(({ file, id, team }) => ({ kind: 'token', ...file, keyId: id, teamId: team }) as const);
}

/** `cert: { file, passphrase }`: a client certificate for APNs with its key, PEM or PKCS#12. */
export function apnsCertificate(values: ValueKinds) {
  return section({
    file: values.file('the path of a PEM or PKCS#12 file with certificate and key'),
    passphrase: values.secret('the passphrase of the key or PKCS#12 file').optional(),
  }).transform(({ file: { content: file, path }, passphrase }, context) => {
    const phrase = passphrase && { passphrase: passphrase.reveal() };
    const isPem = Buffer.from(file).includes('-----BEGIN ');
    const buffer = Buffer.from(file);
    if (isAccepted(isPem ? { cert: buffer, key: buffer, ...phrase } : { pfx: buffer, ...phrase })) {
      const optional = { ...(passphrase && { passphrase }), ...(path !== undefined && { path }) };
      return { kind: 'certificate', file, ...optional } as const;
    }
    context.addIssue({
      code: 'custom',
      path: ['file'],
      message: withHint(
        'holds no usable pair of certificate and key, or the passphrase does not open it',
        'Export certificate and private key together; `openssl pkcs12 -in FILE -legacy -nodes` turns an old .p12 into PEM.',
      ),
    });
    return z.NEVER;
  });
}

/** `serviceAccount: { file }`: what FCM knows a sender by. */
export function fcmServiceAccount(values: ValueKinds, readFile: (path: string) => Uint8Array) {
  return section({
    file: values.path("the path of the service account's JSON file").transform((path, context) => {
      const projectId = readProjectId(path, readFile);
      if (typeof projectId === 'string') return { path, projectId };
      context.addIssue(withHint(projectId.problem, projectId.hint));
      return z.NEVER;
    }),
  }).transform(({ file }) => file);
}

/** `tls: { cert, key }` of a listener: PEM files. */
export function listenerTls(values: ValueKinds) {
  const pem = (about: string) => values.content(about).transform((content) => Buffer.from(content).toString('utf8'));
  return section({
    cert: pem('the path of the certificate chain, PEM'),
    key: pem("the path of the certificate's private key, PEM").transform(createSecret),
  }).refine(({ cert, key }) => isAccepted({ cert, key: key.reveal() }), {
    path: ['key'],
    error: 'certificate and key do not belong together, or one of them is not PEM',
  });
}

/** `ca:`: PEM of authorities that are trusted beside the system's. */
export function authorities(values: ValueKinds) {
  return values.content('the path of a PEM file with certificates of authorities').transform((content, context) => {
    const pem = Buffer.from(content).toString('utf8');
    const blocks = pem.match(CERTIFICATE_BLOCK) ?? [];
    if (blocks.length > 0 && blocks.every(isCertificate)) return pem;
    context.addIssue('holds no certificate in PEM, or a damaged one');
    return z.NEVER;
  });
}

function isP256Key(pem: string): boolean {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function isAccepted(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}

function readProjectId(
  path: string,
  readFile: (path: string) => Uint8Array,
): string | { problem: string; hint: string } {
  let content: Uint8Array;
  try {
    content = readFile(path);
  } catch {
    return {
      problem: `cannot read ${path}`,
      hint: `Name the key file of a service account. ${serviceAccountHint}`,
    };
  }
  try {
    return readServiceAccount(content).projectId;
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    return { problem: `${path} ${error.message}`, hint: error.hint };
  }
}
