/** Checks the settings of an APNs app with a push that reaches nobody. */
import { randomUUID } from 'node:crypto';
import type { PartFinding } from '../../core/finding.ts';
import type { Push } from '../../core/push.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import type { CheckEnvironment } from '../provider.ts';
import { describeResult } from '../check-result.ts';
import { readPushCertificate } from './certificate.ts';
import { createApns } from './client.ts';
import { describeExpiry } from './credentials.ts';
import { apnsHints } from './hints.ts';
import { createProviderTokens } from './provider-tokens.ts';
import type { ApnsApp } from './settings.ts';

/** No device has it; APNs looks at key, team and topic first. */
const madeUpToken = '0'.repeat(64);

/** Milliseconds for connecting and one answer. */
const answerWithinMs = 15_000;

/** Reads key or certificate, and asks APNs unless `offline`. */
export async function* checkApns(app: ApnsApp, environment: CheckEnvironment): AsyncGenerator<PartFinding> {
  const credential = await checkCredential(app, environment);
  yield credential;
  if (environment.offline || credential.status === 'fail') return;
  const provider = createApns({ ...environment, app, tokens: createProviderTokens(environment) });
  const push: Push = {
    ...{ id: randomUUID(), app: app.name, node: '', kind: 'background', account: '', content: { kind: 'none' } },
    expiresAtMs: environment.clock.now() + answerWithinMs,
  };
  const result = await provider.send(push, { token: madeUpToken, registeredAtMs: 0 }, answerWithinMs);
  await provider.drain();
  const isRight = result.kind === 'misconfigured' && result.reason === 'BadDeviceToken';
  if (isRight) {
    yield { status: 'pass', message: `APNs (${app.environment}) accepts credentials and topic ${app.topic}` };
  } else yield describeResult('APNs', result, (reason) => provider.explain?.(reason));
}

async function checkCredential({ credentials }: ApnsApp, { clock }: CheckEnvironment): Promise<PartFinding> {
  if (credentials.kind === 'token') {
    try {
      await createProviderTokens({ clock }).current(credentials);
      return { status: 'pass', message: `key ${credentials.keyId} signs a provider token` };
    } catch (error) {
      const message = `key ${credentials.keyId} cannot sign (${errorCode(error)})`;
      return { status: 'fail', message, hint: apnsHints['unusable-key'] };
    }
  }
  try {
    const { expiresAtMs } = readPushCertificate(credentials.file, credentials.passphrase);
    const expiry = describeExpiry(expiresAtMs - clock.now());
    const ends = new Date(expiresAtMs).toISOString().slice(0, 10);
    if (!expiry) return { status: 'pass', message: `the push certificate can be used until ${ends}` };
    return { status: expiresAtMs > clock.now() ? 'warn' : 'fail', message: expiry.reason, hint: expiry.hint };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'the push certificate cannot be used';
    return { status: 'fail', message, hint: apnsHints.BadCertificate };
  }
}
