/** Asks the server of the same config, if it runs, how it is. */
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import type { Config } from '../config/config.ts';

/** Milliseconds; a healthy server answers at once. */
const answerWithinMs = 3_000;

const health = z.object({
  status: z.enum(['pass', 'warn', 'fail']),
  checks: z.record(
    z.string(),
    z.object({
      status: z.enum(['pass', 'warn', 'fail']),
      reason: z.string().optional(),
      hint: z.string().optional(),
    }),
  ),
});

/** What a running server says of itself at `/readyz`. */
export type RunningServer = z.output<typeof health>;

/** Undefined: none answers at the ops listener of the config. Never rejects. */
export async function askRunningServer(ops: Config['http']['ops']): Promise<RunningServer | undefined> {
  if (ops.port === 0) return undefined;
  const host = ops.host === '0.0.0.0' ? '127.0.0.1' : ops.host === '::' ? '::1' : ops.host;
  const origin = `${ops.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${ops.port}`;
  // The listener may have a certificate for another name; nothing secret is sent.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const signal = AbortSignal.timeout(answerWithinMs);
    const response = await fetch(new URL('/readyz', origin), { dispatcher, redirect: 'error', signal });
    const { data } = health.safeParse(await response.json());
    return data && 'store' in data.checks ? data : undefined;
  } catch {
    return undefined;
  } finally {
    await dispatcher.destroy();
  }
}
