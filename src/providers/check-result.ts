import type { PartFinding } from '../core/finding.ts';
import type { PushResult } from '../core/push.ts';

/** What the result of a push to a made-up device says of credentials and settings. */
export function describeResult(
  provider: string,
  result: PushResult,
  explain: (reason: string) => string | undefined,
): PartFinding {
  switch (result.kind) {
    case 'accepted':
      return { status: 'pass', message: `${provider} accepts credentials and settings` };
    case 'dead-token':
    case 'payload-rejected':
      return {
        status: 'pass',
        message: `${provider} accepts credentials and settings: it said ${result.reason} to a made-up device`,
      };
    case 'misconfigured':
    case 'retry': {
      const hint = explain(result.reason);
      const message =
        result.kind === 'retry'
          ? `${provider} cannot be used now: ${result.reason}`
          : `${provider} refuses us: ${result.reason}`;
      return { status: 'fail', message, ...(hint !== undefined && { hint }) };
    }
  }
}
