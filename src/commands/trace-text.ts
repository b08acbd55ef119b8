/** The events of a trace, read and written for humans. */
import { z } from 'zod';

/** One step, as `GET /trace` tells it; `text` says what happened, and which other fields there are depends on the step. */
export const stepSchema = z
  .object({ at: z.string(), device: z.string(), app: z.string().optional(), step: z.string(), text: z.string() })
  .catchall(z.union([z.string(), z.number(), z.boolean()]));

export type StepView = z.output<typeof stepSchema>;

/** One line: time of day in UTC, device, step, what happened. */
export function describeStep({ at, device, step, text }: StepView): string {
  return `${at.slice(11, 23)}  ${device}  ${step.padEnd(10)}  ${text}`;
}
