/** Every case by its name. */
import type { BenchCase } from './contract.ts';
import { built, postgres, steady } from './steady.ts';

export const cases: readonly BenchCase[] = [steady, built, postgres];
