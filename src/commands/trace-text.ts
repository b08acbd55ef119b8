/** The events of a trace, read and written for humans. */
import { z } from 'zod';

/** One step, as `GET /trace` tells it; which fields there are depends on the step. */
export const stepSchema = z
  .object({ at: z.string(), device: z.string(), app: z.string().optional(), step: z.string() })
  .catchall(z.union([z.string(), z.number(), z.boolean()]));

export type StepView = z.output<typeof stepSchema>;

type Value = string | number | boolean | undefined;

const priorities = (priority: Value) => (priority === undefined ? 'no priority' : `priority ${String(priority)}`);

const sentences: Readonly<Record<string, (step: Readonly<Record<string, Value>>) => string>> = {
  received: ({ publisher, content, bytes, priority, found }) =>
    `from ${String(publisher)}: ${String(content)}, ${String(bytes)} bytes, ${priorities(priority)}; its device is ${String(found)}`,
  authorized: () => 'the publisher may publish',
  routed: ({ push, target, content, lifetimeMs, oversize }) =>
    `${String(push)} to the ${String(target)} token, content ${String(content)}${oversize === true ? ' (too long, left out)' : ''}, ` +
    (lifetimeMs === 0 ? 'at once or never' : `worth sending for ${Math.round(Number(lifetimeMs) / 1_000)} s`),
  held: ({ why }) =>
    why === 'coalesced' ? 'another wake-up of the device stands for it' : 'the device is beyond its rate limit',
  answered: ({ push, result, reason, environment, durationMs }) =>
    `${String(push)}: ${String(result)}${reason === undefined ? '' : ` (${String(reason)})`}` +
    `${environment === undefined ? '' : ` in ${String(environment)}`} after ${String(durationMs)} ms`,
  queued: ({ waitMs, attempts, stored }) =>
    stored === true
      ? `in the outbox for ${Math.round(Number(waitMs) / 1_000)} s, after ${String(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}`
      : 'the outbox did not take it',
  retried: ({ push, attempts }) =>
    `${String(push)}, after ${String(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}`,
  completed: ({ outcome }) => String(outcome),
  outcome: ({ outcome, answer }) => `${String(outcome)}; the server is answered ${String(answer)}`,
};

/** One line: time of day in UTC, device, step, what happened. */
export function describeStep(step: StepView): string {
  const write = Object.hasOwn(sentences, step.step) ? sentences[step.step] : undefined;
  return `${step.at.slice(11, 23)}  ${step.device}  ${step.step.padEnd(10)}  ${write?.(step) ?? ''}`.trimEnd();
}
