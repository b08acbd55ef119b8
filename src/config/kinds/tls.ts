/** Certificates and keys of TLS in the config. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { createSecret } from '../../core/secret.ts';
import { section, type ValueKinds } from './values.ts';

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** `tls: { cert, key }` of a listener: PEM files. */
export function listenerTls(values: ValueKinds) {
  const toText = (content: Uint8Array) => Buffer.from(content).toString('utf8');
  return section({
    cert: values.publicContent('the path of the certificate chain, PEM').transform(toText),
    key: values
      .file("the path of the certificate's private key, PEM")
      .transform(({ content }) => createSecret(toText(content))),
  }).refine(({ cert, key }) => isAccepted({ cert, key: key.reveal() }), {
    path: ['key'],
    error: 'certificate and key do not belong together, or one of them is not PEM',
  });
}

/**
 * `ca:`: a file with certificates of authorities, PEM.
 * @param scope `beside`: they are trusted as well as the system's; `alone`: they are the only ones
 */
export function authorities(values: ValueKinds, scope: 'beside' | 'alone') {
  return values
    .publicContent('the path of a PEM file with certificates of authorities')
    .transform((content, context) => {
      const pem = Buffer.from(content).toString('utf8');
      const blocks = pem.match(CERTIFICATE_BLOCK) ?? [];
      if (blocks.length > 0 && blocks.every(isCertificate)) return pem;
      context.addIssue('holds no certificate in PEM, or a damaged one');
      return z.NEVER;
    })
    .describe(
      scope === 'beside'
        ? "Certificate authorities trusted as well as the system's, PEM."
        : "Certificate authorities that are trusted in place of the system's, PEM.",
    );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

/** Whether certificate and key are usable for TLS and belong together. */
export function isAccepted(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
