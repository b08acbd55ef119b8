/** Checks the settings of an FCM app: asks Google for an access token, and for a dry run with Google's own library. */
import { readFileSync } from 'node:fs';
import type { PartFinding } from '../../core/finding.ts';
import type { PushResult } from '../../core/push.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import { describeResult } from '../check-result.ts';
import { CredentialError } from '../credential-file.ts';
import type { CheckEnvironment } from '../provider.ts';
import { connectionFailureOf } from '../transport/connection-failure.ts';
import { hintForConnection } from '../unconnected.ts';
import { noTokenFor, reasonWithoutToken } from './access-tokens.ts';
import { googleCredential } from './google-credential.ts';
import { fcmHints } from './hints.ts';
import { agentTo } from './https-agent.ts';
import { readReason, resultOfAnswer } from './results.ts';
import { readServiceAccount, type ServiceAccount } from './service-account.ts';
import type { FcmApp } from './settings.ts';

const googleOrigin = 'https://fcm.googleapis.com';

/** No device has it. It has the form of a token, so that Google looks it up. */
const madeUpToken = `sealpost-check:${'A'.repeat(140)}`;

/** Milliseconds for each of the two requests. The library would go on for more than a minute. */
const answerWithinMs = 15_000;

const explain = (reason: string): string =>
  (Object.hasOwn(fcmHints, reason) ? fcmHints[reason as keyof typeof fcmHints] : hintForConnection(reason)) ??
  fcmHints.other;

/** Reads the service account, and asks Google unless `offline`. */
export async function* checkFcm(app: FcmApp, environment: CheckEnvironment): AsyncGenerator<PartFinding> {
  let account: ServiceAccount;
  try {
    account = readServiceAccount(readFileSync(app.serviceAccountFile));
  } catch (error) {
    const problem = error instanceof CredentialError ? error.message : `cannot be read (${errorCode(error)})`;
    const hint = error instanceof CredentialError ? error.hint : fcmHints['unusable-account'];
    yield { status: 'fail', message: `${app.serviceAccountFile} ${problem}`, hint };
    return;
  }
  yield { status: 'pass', message: `the service account of project ${account.projectId} can be used` };
  if (environment.offline) return;
  const token = await askForToken(app, account, environment);
  if (typeof token !== 'string') {
    yield token;
    return;
  }
  yield { status: 'pass', message: 'Google gives the service account an access token' };
  yield describeResult('FCM', await dryRun(app, account, token, environment), explain);
}

async function askForToken(
  app: FcmApp,
  account: ServiceAccount,
  { clock, clockWatch }: CheckEnvironment,
): Promise<string | PartFinding> {
  const { tokenEndpoint, ca, proxy } = app;
  const abort = new AbortController();
  const cancel = clock.after(answerWithinMs, () => abort.abort());
  try {
    const credential = googleCredential({
      account,
      clock,
      onDate: (date) => clockWatch?.note(date),
      ...(tokenEndpoint !== undefined && { tokenEndpoint }),
      ...(ca !== undefined && { ca }),
      ...(proxy && { proxy }),
    });
    return (await credential.getAccessToken(abort.signal)).access_token;
  } catch (error) {
    const reason = abort.signal.aborted ? 'oauth-timeout' : reasonWithoutToken(noTokenFor(error));
    const message = `Google gives the service account no access token: ${reason}`;
    return { status: 'fail', message, hint: explain(reason) };
  } finally {
    cancel();
  }
}

/** Google checks everything about the message, and sends none. */
async function dryRun(
  app: FcmApp,
  account: ServiceAccount,
  token: string,
  { clock }: CheckEnvironment,
): Promise<PushResult> {
  // Loaded here, since it is large and the server does without it.
  const [{ deleteApp, initializeApp }, { getMessaging }] = await Promise.all([
    import('firebase-admin/app'),
    import('firebase-admin/messaging'),
  ]);
  const httpAgent = agentTo({ url: new URL(app.endpoint ?? googleOrigin), proxy: app.proxy, ca: app.ca, clock });
  const credential = { getAccessToken: () => Promise.resolve({ access_token: token, expires_in: 3_600 }) };
  const firebase = initializeApp({ credential, projectId: account.projectId, httpAgent }, `check-${app.name}`);
  const late = Promise.withResolvers<PushResult>();
  const cancel = clock.after(answerWithinMs, () => late.resolve({ kind: 'retry', reason: 'timeout', scope: 'app' }));
  try {
    const sending = getMessaging(firebase)
      .send({ token: madeUpToken, data: { check: '1' } }, true)
      .then((): PushResult => ({ kind: 'accepted' }), resultOfError);
    return await Promise.race([sending, late.promise]);
  } finally {
    cancel();
    httpAgent.destroy();
    await deleteApp(firebase);
  }
}

/** Reads the answer itself, since the codes of the library mean several things: a project that is gone is a dead token. */
function resultOfError(error: unknown): PushResult {
  const { httpResponse, cause } = error as {
    readonly httpResponse?: { readonly status: number; readonly data?: unknown };
    readonly cause?: unknown;
  };
  if (!httpResponse) return { kind: 'retry', reason: connectionFailureOf(deepestOf(cause ?? error)), scope: 'app' };
  const { status, data } = httpResponse;
  const body = typeof data === 'string' ? data : JSON.stringify(data ?? {});
  const { result, reason, scope } = resultOfAnswer(status, readReason(body));
  switch (result) {
    case 'accepted':
      return { kind: 'accepted' };
    case 'retry':
      return { kind: 'retry', reason, scope };
    // The made-up token has no sender.
    case 'doubtful-token':
    case 'dead-token':
      return { kind: 'dead-token', reason };
    case 'payload-rejected':
      return { kind: 'payload-rejected', reason };
    case 'renew-credential':
    case 'misconfigured':
      return { kind: 'misconfigured', reason, scope };
  }
}

/** The error of the connection, inside those of the library. */
function deepestOf(error: unknown): unknown {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  return cause === undefined ? error : deepestOf(cause);
}
