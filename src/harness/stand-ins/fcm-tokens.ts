/** Google's OAuth server for service accounts: RFC 7523 section 2.1, developers.google.com/identity/protocols/oauth2/service-account. */
import { randomBytes } from 'node:crypto';
import { importSPKI, jwtVerify } from 'jose';
import type { Clock } from '../../time/clock.ts';

/** How the token endpoint is to misbehave. */
export interface TokenScript {
  /** Answer with this status and `error`, `invalid_grant` unless given. */
  readonly status?: number;
  readonly error?: string;
  readonly fault?: 'hang' | 'reset';
  /** Life of the tokens that it gives out. */
  readonly lifeSeconds?: number;
  /** Applies to this many requests; default: for ever. */
  readonly times?: number;
}

export interface AccessTokens {
  /** Tokens given out. */
  readonly issued: number;
  /** Requests for one, those that got none included. */
  readonly asked: number;
  /** Answers a token request's form; undefined: do not answer. */
  issue(form: string): Promise<{ status: number; body: string } | 'hang' | 'reset'>;
  /** Whether an `authorization` header carries a token that was given out, has not ended and was not revoked. */
  accepts(authorization: string | undefined): boolean;
  /** Makes every token given out so far invalid. */
  revoke(): void;
  script(script: TokenScript | undefined): void;
}

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const audience = 'https://oauth2.googleapis.com/token';
const messagingScopes = [
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
];
/** Google gives an hour. */
const ordinaryLifeSeconds = 3599;
/** Live tokens remembered; the oldest is forgotten beyond. */
const tokenLimit = 1000;

export function createAccessTokens({
  account,
  clock,
}: {
  account: { readonly clientEmail: string; readonly publicKey: string };
  clock: Clock;
}): AccessTokens {
  const live = new Map<string, number>();
  const key = importSPKI(account.publicKey, 'RS256');
  let issued = 0;
  let asked = 0;
  let scripted: { script: TokenScript; left: number } | undefined;

  function nextScript(): TokenScript | undefined {
    const script = scripted?.script;
    if (scripted && --scripted.left <= 0) scripted = undefined;
    return script;
  }

  async function isGranted(form: string): Promise<boolean> {
    const fields = new URLSearchParams(form);
    if (fields.get('grant_type') !== grantType) return false;
    try {
      const { payload } = await jwtVerify(fields.get('assertion') ?? '', await key, {
        algorithms: ['RS256'],
        issuer: account.clientEmail,
        audience,
        currentDate: new Date(clock.now()),
        clockTolerance: 60,
      });
      const scopes = String(payload['scope']).split(' ');
      const lifeSeconds = (payload.exp ?? Number.POSITIVE_INFINITY) - (payload.iat ?? 0);
      return messagingScopes.some((scope) => scopes.includes(scope)) && lifeSeconds <= 3600;
    } catch {
      return false;
    }
  }

  return {
    get issued() {
      return issued;
    },
    get asked() {
      return asked;
    },
    async issue(form) {
      asked += 1;
      const script = nextScript();
      if (script?.fault !== undefined) return script.fault;
      if (script?.status !== undefined)
        return { status: script.status, body: JSON.stringify({ error: script.error ?? 'invalid_grant' }) };
      if (!(await isGranted(form)))
        return {
          status: 400,
          body: JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }),
        };
      const token = `ya29.${randomBytes(24).toString('base64url')}`;
      const lifeSeconds = script?.lifeSeconds ?? ordinaryLifeSeconds;
      const [oldest] = live.keys();
      if (live.size >= tokenLimit && oldest !== undefined) live.delete(oldest);
      live.set(token, clock.now() + lifeSeconds * 1000);
      issued += 1;
      return {
        status: 200,
        body: JSON.stringify({ access_token: token, expires_in: lifeSeconds, token_type: 'Bearer' }),
      };
    },
    accepts(authorization) {
      const token = /^bearer (.+)$/i.exec(authorization ?? '')?.[1];
      const ends = token === undefined ? undefined : live.get(token);
      return ends !== undefined && ends > clock.now();
    },
    revoke: () => live.clear(),
    script(script) {
      scripted = script && { script, left: script.times ?? Number.POSITIVE_INFINITY };
    },
  };
}
