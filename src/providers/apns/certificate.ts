/** APNs push certificates: developer.apple.com, "Establishing a certificate-based connection to APNs". */
import { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Secret } from '../../core/secret.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import type { ClientIdentity } from '../transport/dispatcher.ts';

/** A client certificate and its expiry. */
export interface PushCertificate {
  readonly identity: ClientIdentity;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * Reads a push certificate and its key.
 * @param file PEM with both, or PKCS#12
 * @throws Error that says what is wrong with the file and what to do
 */
export function readPushCertificate(file: Uint8Array, passphrase?: Secret): PushCertificate {
  const text = Buffer.from(file).toString('latin1');
  const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
  const identity: ClientIdentity = text.includes('-----BEGIN ')
    ? { kind: 'pem', certificate: text, key: text, ...secret }
    : { kind: 'pkcs12', file, ...secret };
  return { identity, expiresAtMs: readExpiry(identity) };
}

function readExpiry(identity: ClientIdentity): number {
  const { passphrase } = identity;
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    const secureContext = createSecureContext(
      identity.kind === 'pem'
        ? { cert: identity.certificate, key: identity.key, ...secret }
        : { pfx: Buffer.from(identity.file), ...secret },
    );
    // The socket is never connected. It gives access to its own certificate, be the file PKCS#12 or PEM.
    const socket = new TLSSocket(new Socket(), { secureContext });
    const certificate = socket.getCertificate();
    socket.destroy();
    const ends = certificate && 'valid_to' in certificate ? Date.parse(certificate.valid_to) : Number.NaN;
    if (Number.isNaN(ends)) throw new Error('it contains no certificate');
    return ends;
  } catch (error) {
    throw new Error(explain(error, identity.kind), { cause: error });
  }
}

function explain(error: unknown, kind: ClientIdentity['kind']): string {
  // The macOS keychain encrypts its exports with ciphers that OpenSSL 3 has dropped.
  if (errorCode(error) === 'ERR_CRYPTO_UNSUPPORTED_OPERATION')
    return 'the push certificate is a PKCS#12 file of an old kind: convert it with `openssl pkcs12 -legacy -nodes -in FILE -out cert.pem` and name cert.pem';
  if (kind === 'pkcs12')
    return 'the push certificate is neither PEM nor a PKCS#12 file that this passphrase opens: check file and passphrase';
  return 'the push certificate cannot be used: the PEM file needs the certificate and its private key, and the passphrase if the key has one';
}
