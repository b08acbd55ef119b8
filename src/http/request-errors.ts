import type { FieldError } from './problems.ts';

/** What fastify adds to an error when a request does not match its route's schema. */
interface Refusal {
  readonly validation: readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message?: string;
    readonly params: Readonly<Record<string, unknown>>;
  }[];
  readonly validationContext: FieldError['in'];
}

/**
 * Where a request does not match its route's schema, and how; undefined for any other error. Nothing of the request is
 * quoted: not even the name of an unknown field, which may be a token on the wrong side of a colon.
 */
export function fieldErrorOf(error: unknown): FieldError | undefined {
  if (!isRefusal(error)) return undefined;
  const [first] = error.validation;
  if (!first) return undefined;
  const { keyword, instancePath, message, params } = first;
  const place = { in: error.validationContext } as const;
  switch (keyword) {
    case 'required':
      return { ...place, pointer: `${instancePath}/${String(params['missingProperty'])}`, detail: 'is missing' };
    case 'additionalProperties':
      return { ...place, pointer: instancePath, detail: 'has a field that is not known' };
    default:
      return { ...place, pointer: instancePath, detail: message ?? 'does not have the right form' };
  }
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && Array.isArray((error as Partial<Refusal>).validation);
}
