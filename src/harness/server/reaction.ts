/** What a server does to a device when a publish was answered with an error (XEP-0357 section 7.1 leaves it open). */
import type { IqAnswer } from './stanza.ts';

export type ReactionRule =
  /** Prosody: so many errors of another type than `wait` in a row; a result starts the count anew. */
  | { readonly kind: 'errors-in-a-row'; readonly limit: number }
  /** ejabberd: the first error of another type than `wait`. */
  | { readonly kind: 'not-wait' }
  /** Tigase: the first error whose condition is not one of these, whatever its type; unknown conditions are kept. */
  | { readonly kind: 'conditions'; readonly kept: readonly string[] }
  /** MongooseIM: the first error of type `cancel`. */
  | { readonly kind: 'cancel' };

export interface Reaction {
  readonly kept: boolean;
  /** Errors that count in a row, for the next decision. */
  readonly errorsInARow: number;
}

/** @param errorsInARow what the decision before said; 0 at first. */
export function reactTo(rule: ReactionRule, answer: IqAnswer, errorsInARow: number): Reaction {
  if (answer.kind === 'result') return { kept: true, errorsInARow: 0 };
  // No server takes silence for an answer.
  if (answer.kind !== 'error') return { kept: true, errorsInARow };
  switch (rule.kind) {
    case 'errors-in-a-row': {
      const count = answer.type === 'wait' ? errorsInARow : errorsInARow + 1;
      return { kept: count < rule.limit, errorsInARow: count };
    }
    case 'not-wait':
      return { kept: answer.type === 'wait', errorsInARow };
    case 'cancel':
      return { kept: answer.type !== 'cancel', errorsInARow };
    case 'conditions':
      return { kept: rule.kept.includes(answer.condition) || !conditions.has(answer.condition), errorsInARow };
  }
}

/** RFC 6120 section 8.3.3. */
const conditions = new Set([
  'bad-request',
  'conflict',
  'feature-not-implemented',
  'forbidden',
  'gone',
  'internal-server-error',
  'item-not-found',
  'jid-malformed',
  'not-acceptable',
  'not-allowed',
  'not-authorized',
  'payment-required',
  'policy-violation',
  'recipient-unavailable',
  'redirect',
  'registration-required',
  'remote-server-not-found',
  'remote-server-timeout',
  'resource-constraint',
  'service-unavailable',
  'subscription-required',
  'undefined-condition',
  'unexpected-request',
]);
