// Config keys of APNs credentials. Apple: "Establishing a token-based connection to APNs" and "Establishing a
// certificate-based connection to APNs".
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { withHint } from '../../config/kinds/problems.ts';
import { isAccepted } from '../../config/kinds/tls.ts';
import { section, type ValueKinds } from '../../config/kinds/values.ts';
import { createSecret } from '../../core/secret.ts';

const P8_HINT =
  'Create a key with "Apple Push Notifications service (APNs)" at developer.apple.com under Certificates, ' +
  'Identifiers & Profiles, Keys; Apple lets you download its .p8 file once.';

/** `key: { file, id, team }`: Apple's signing key for provider tokens, with the absolute path of the file that it came from. */
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

/** `cert: { file, passphrase }`: a client certificate for APNs with its key, PEM or PKCS#12, and the same path. */
export function apnsCertificate(values: ValueKinds) {
  return section({
    file: values.file('the path of a PEM or PKCS#12 file with certificate and key'),
    passphrase: values.secret('the passphrase of the key or PKCS#12 file').exactOptional(),
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

function isP256Key(pem: string): boolean {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}
