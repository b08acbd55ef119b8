import type { Mutant } from '../mutant.ts';
import { answers } from './answers.ts';

/** Every table of mutants, by the area that it covers. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = {
  answers,
};
