import type { Mutant } from '../mutant.ts';
import { answers } from './answers.ts';
import { authorize } from './authorize.ts';
import { coalesce } from './coalesce.ts';
import { deliver } from './deliver.ts';
import { guard } from './guard.ts';
import { health } from './health.ts';
import { lookup } from './lookup.ts';
import { outbox } from './outbox.ts';
import { rateLimits } from './rate-limits.ts';
import { registry } from './registry.ts';
import { retry } from './retry.ts';
import { routing } from './routing.ts';
import { telemetry } from './telemetry.ts';
import { time } from './time.ts';

/** Every table of mutants, by the area that it covers. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = {
  answers,
  authorize,
  coalesce,
  deliver,
  guard,
  health,
  lookup,
  outbox,
  'rate-limits': rateLimits,
  registry,
  retry,
  routing,
  telemetry,
  time,
};
