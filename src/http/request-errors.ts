import type { FieldError } from './problems.ts';

/** What fastify adds to an error if a request does not match the schema of its route. */
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
 * Where and how a request does not match the schema of its route; undefined for any other error. Nothing of the request
 * is quoted, not even the name of an unknown field, which may be a token on the wrong side of a colon.
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
      return { ...place, pointer: instancePath, detail: 'has an unknown field' };
    default:
      return { ...place, pointer: instancePath, detail: message ?? 'does not have the right form' };
  }
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && Array.isArray((error as Partial<Refusal>).validation);
}
