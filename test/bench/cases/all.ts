/** Every case by its name. */
import type { BenchCase } from './contract.ts';
import { outage, retried } from './faults.ts';
import { isolation } from './isolation.ts';
import { longRun } from './long-run.ts';
import { pacedCases } from './paced.ts';
import { registrationCases } from './registrations.ts';
import { startCases } from './starts.ts';
import { built, postgres, steady } from './steady.ts';

export const cases: readonly BenchCase[] = [
  ...[steady, built, postgres, ...pacedCases, retried, outage, ...startCases, ...registrationCases],
  ...[isolation, longRun],
];
