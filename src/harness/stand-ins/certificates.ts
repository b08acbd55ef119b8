// `@peculiar/x509` builds on tsyringe, which refuses to load without this.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly certificate: string;
  /** PKCS#8. */
  readonly key: string;
}

/** A certificate authority. */
export interface Authority extends Identity {
  /**
   * A certificate for a server (`names`: DNS names and IPv4 addresses) and for clients alike.
   * @param notAfter end of its life; far away unless given.
   */
  issue(names: readonly string[], notAfter?: Date): Promise<Identity>;
}

/** Everywhere that a stand-in is reached: as itself, and as the Google hosts whose names are wired into libraries. */
export const standInNames: readonly string[] = [
  'localhost',
  '127.0.0.1',
  'fcm.googleapis.com',
  'oauth2.googleapis.com',
];

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

// Nobody outside a test trusts these, so the dates need not mean anything: wide enough for every clock.
const notBefore = new Date('2020-01-01T00:00:00Z');
const farAway = new Date('2049-12-31T00:00:00Z');

/** Makes an authority with a fresh ECDSA P-256 key. */
export async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Sealpost harness authority',
    keys,
    signingAlgorithm: signing,
    notBefore,
    notAfter: farAway,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      // All authorities have one name: by this a verifier that trusts several tells them apart (RFC 5280, 4.2.1.1).
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf(root, keys.privateKey);
}

/**
 * An authority that was made before.
 * @throws what the reader of certificates or keys throws
 */
export async function restoreAuthority({ certificate, key }: Identity): Promise<Authority> {
  const der = PemConverter.decodeFirst(key);
  return authorityOf(
    new X509Certificate(certificate),
    await webcrypto.subtle.importKey('pkcs8', der, signing, true, ['sign']),
  );
}

async function authorityOf(root: X509Certificate, signingKey: webcrypto.CryptoKey): Promise<Authority> {
  const publicKey = await root.publicKey.export();
  return {
    certificate: pemOf(root),
    key: await privatePem(signingKey),
    async issue(names, notAfter = farAway) {
      const own = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${names[0] ?? 'harness'}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey,
        signingAlgorithm: signing,
        notBefore,
        notAfter,
        extensions: [
          new SubjectAlternativeNameExtension(
            names.map((name) => ({ type: /^[\d.]+$/.test(name) ? 'ip' : 'dns', value: name })),
          ),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          await AuthorityKeyIdentifierExtension.create(publicKey),
        ],
      });
      return { certificate: pemOf(certificate), key: await privatePem(own.privateKey) };
    },
  };
}

/** A provider token key as Apple hands it out (`.p8`), and the public half that a stand-in checks with. */
export interface ApnsKey {
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  /** SPKI PEM. */
  readonly publicKey: string;
}

export async function createApnsKey(): Promise<ApnsKey> {
  const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  return { privateKey: await privatePem(pair.privateKey), publicKey: await publicPem(pair.publicKey) };
}

/** A service account as Google hands it out, and the public half that a stand-in checks with. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  /** Text of the JSON file. */
  readonly json: string;
  /** SPKI PEM. */
  readonly publicKey: string;
}

export async function createServiceAccount(projectId: string): Promise<ServiceAccount> {
  const pair = await webcrypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  );
  const clientEmail = `sealpost@${projectId}.iam.gserviceaccount.com`;
  const json = JSON.stringify({
    type: 'service_account',
    project_id: projectId,
    private_key_id: Buffer.from(webcrypto.getRandomValues(new Uint8Array(20))).toString('hex'),
    private_key: await privatePem(pair.privateKey),
    client_email: clientEmail,
    client_id: '100000000000000000000',
    token_uri: 'https://oauth2.googleapis.com/token',
  });
  return { projectId, clientEmail, json, publicKey: await publicPem(pair.publicKey) };
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function publicPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('spki', key), 'PUBLIC KEY')}\n`;
}
