import { errorCode } from '../telemetry/error-code.ts';

/**
 * What is written about an error that nothing caught, as its last words: where it happened and its code or class. Node would
 * write the message and the properties, which may quote a token, a node or a secret.
 */
export function describeCrash(error: unknown): string {
  const frames = error instanceof Error ? framesOf(error) : [];
  const where = frames.length > 0 ? frames : ['    at an unknown place'];
  const what = `sealpost: ended by an error that nothing caught: ${nameOf(error)}`;
  return `${[what, ...where].join('\n')}\nIts message is left out, since it may quote secrets. Please report these lines.\n`;
}

/** Codes are in capital letters. What is not may be anything, and the class is told in its place. */
function nameOf(error: unknown): string {
  const code = errorCode(error);
  return /^[A-Z][A-Z0-9_]*$/.test(code) || !(error instanceof Error) ? code : error.constructor.name;
}

/** The lines of a stack trace after the message, which may have several lines and look like frames itself. */
function framesOf({ message, stack }: Error): string[] {
  if (typeof stack !== 'string') return [];
  const at = stack.indexOf(message);
  // The message was changed since: nobody can tell where the earlier one ends.
  if (at < 0) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^ {4}at \S/.test(line));
}
