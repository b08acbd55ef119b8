import type { Mutant } from '../mutant.ts';
import { answers } from './answers.ts';
import { apns } from './apns.ts';
import { authorize } from './authorize.ts';
import { coalesce } from './coalesce.ts';
import { conventions } from './conventions.ts';
import { deliver } from './deliver.ts';
import { fcm } from './fcm.ts';
import { guard } from './guard.ts';
import { harness } from './harness.ts';
import { health } from './health.ts';
import { http } from './http.ts';
import { lateAnswers } from './late-answers.ts';
import { link } from './link.ts';
import { lookup } from './lookup.ts';
import { outbox } from './outbox.ts';
import { rateLimits } from './rate-limits.ts';
import { registry } from './registry.ts';
import { retry } from './retry.ts';
import { routing } from './routing.ts';
import { sending } from './sending.ts';
import { services } from './services.ts';
import { stream } from './stream.ts';
import { telemetry } from './telemetry.ts';
import { time } from './time.ts';
import { transport } from './transport.ts';

/** Every table of mutants, by the area that it covers. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = {
  answers,
  apns,
  authorize,
  coalesce,
  conventions,
  deliver,
  fcm,
  guard,
  harness,
  health,
  http,
  'late-answers': lateAnswers,
  link,
  lookup,
  outbox,
  'rate-limits': rateLimits,
  registry,
  retry,
  routing,
  sending,
  services,
  stream,
  telemetry,
  time,
  transport,
};
