// Config of FCM apps. Google: "Authorize send requests" of FCM HTTP v1.
import { z } from 'zod';
import { type AppContext, commonKeys, toCommon } from '../../config/kinds/app.ts';
import { withHint } from '../../config/kinds/problems.ts';
import { section, type ValueKinds } from '../../config/kinds/values.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import { CredentialError } from '../credential-file.ts';
import { readServiceAccount, serviceAccountHint } from './service-account.ts';

/** FCM has one token per device. Its messages are data messages, which show nothing by themselves. */
export const fcmTraits = { takesSecondToken: false, alertsAreSilent: true };

/** The config section `apps.NAME` of an app with `provider: fcm`. */
export function fcmSection(context: AppContext) {
  const { values, sources } = context;
  return section({
    provider: z.literal('fcm'),
    ...commonKeys(context),
    inFlight: values
      .count(1, 2_000)
      .default(100)
      .describe('Pushes of this app under way at a time, each on a connection of its own (HTTP/1.1).'),
    serviceAccount: fcmServiceAccount(values, sources.readFile).describe(
      'Service account of the Firebase project that the app is built with.',
    ),
    collapseKey: values
      .text('a collapse key of at most 64 characters', /^\S{1,64}$/)
      .exactOptional()
      .describe(
        'FCM delivers only the last of the pushes with the same key that wait for a device. At most 64 characters; without a key all are delivered.',
      ),
    tokenEndpoint: values
      .origin("the origin of an OAuth server in place of Google's")
      .exactOptional()
      .describe("OAuth server that replaces Google's, for tests and private gateways; its path is `/token`."),
  }).transform(({ serviceAccount, ...parsed }) => ({
    ...toCommon(parsed),
    ...fcmTraits,
    /** Absolute path, which is read at the start and checked for changes later. */
    serviceAccountFile: serviceAccount.path,
    /** Project in that file when the config was read. Messages go to the project that the file names at the time. */
    projectId: serviceAccount.projectId,
  }));
}

/** FCM settings of an app: the parsed section of the config. */
export interface FcmApp extends z.output<ReturnType<typeof fcmSection>> {
  readonly name: string;
}

function fcmServiceAccount(values: ValueKinds, readFile: (path: string) => Uint8Array) {
  return section({
    file: values.secretFile("the path of the service account's JSON file").transform((path, context) => {
      const projectId = readProjectId(path, readFile);
      if (typeof projectId === 'string') return { path, projectId };
      context.addIssue(withHint(projectId.problem, projectId.hint));
      return z.NEVER;
    }),
  }).transform(({ file }) => file);
}

function readProjectId(
  path: string,
  readFile: (path: string) => Uint8Array,
): string | { problem: string; hint: string } {
  let content: Uint8Array;
  try {
    content = readFile(path);
  } catch (error) {
    return {
      problem: `cannot read ${path} (${errorCode(error)})`,
      hint: `Name the key file of a service account, and let the user that Sealpost runs as read it. ${serviceAccountHint}`,
    };
  }
  try {
    return readServiceAccount(content).projectId;
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    return { problem: `${path} ${error.message}`, hint: error.hint };
  }
}

/** Tokens have 142 to 163 characters today. Google names no limit; they are stored, so that they need one. */
const TOKEN = /^[\x21-\x7e]{1,1024}$/;

/** A registration token; undefined if it is not valid. */
export function parseFcmToken(written: string): string | undefined {
  const token = written.trim();
  return TOKEN.test(token) ? token : undefined;
}

/** Longer than our own nodes, so that none of them is taken for a token. */
const TOKEN_AS_NODE = /^[A-Za-z0-9_:-]{64,1024}$/;

/** The token that a node is; undefined if it is none. */
export function parseFcmNode(node: string): string | undefined {
  return TOKEN_AS_NODE.test(node) ? node : undefined;
}
