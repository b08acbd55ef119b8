/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { cases } from './cases/all.ts';
import type { BenchCase, Plan } from './cases/contract.ts';
import type { ProviderName } from './protocol.ts';

export const usage = `Usage: npm run bench -- [OPTIONS]

  --case NAMES       cases, with commas between them, or all; default: steady
  --quick            the case steady in short, under two minutes: windows 50 and 500, one start
  --check            after it, compare the ratios with the committed ones; a case that is worse is measured up to three times more
  --commit           write the ratios to test/bench/ratios.json
  --json FILE        write the rows to a file, too
  --provider NAME    apns or fcm alone
  --window N         this window alone; default: 1, 50 and 500
  --count N          notifications of a measurement; default 10,000
  --warm-up N        notifications before measuring; default 30,000
  --rounds N         measurements of server and floor in turn; medians are shown; default 3
  --starts N         times that both are started anew; default 3
  --profile          no table but where the time goes, for one provider and window; default: apns at window 50
  --picture FILE     with --profile: draw the cost of each stage (SVG)

Cases:
${cases.map(({ name, describes }) => `  ${name.padEnd(18)} ${describes}`).join('\n')}
`;

export interface Options extends Plan {
  readonly cases: readonly BenchCase[];
  readonly quick: boolean;
  readonly check: boolean;
  readonly commit: boolean;
  readonly json?: string;
  readonly profile: boolean;
  readonly picture?: string;
}

/**
 * Reads the command line.
 * @throws Error that says what is wrong with the arguments
 */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      case: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      commit: { type: 'boolean', default: false },
      json: { type: 'string' },
      provider: { type: 'string' },
      window: { type: 'string' },
      count: { type: 'string' },
      'warm-up': { type: 'string' },
      rounds: { type: 'string' },
      starts: { type: 'string' },
      profile: { type: 'boolean', default: false },
      picture: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const { quick, check, commit, profile, json, picture } = values;
  const number = (
    name: 'count' | 'warm-up' | 'rounds' | 'starts' | 'window',
    otherwise: { readonly quick: number; readonly full: number },
    most: number,
  ) => {
    const written = values[name];
    const value = written === undefined ? (quick ? otherwise.quick : otherwise.full) : Number(written);
    if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name}: expected 1 to ${most}`);
    return value;
  };
  const defaultWindows = profile ? [50] : quick ? [50, 500] : [1, 50, 500];
  return {
    cases: readCases(values.case ?? 'steady'),
    providers: readProviders(values.provider ?? (profile ? 'apns' : undefined)),
    // More than one link keeps unanswered would measure the server's waiting.
    windows: values.window === undefined ? defaultWindows : [number('window', { quick: 50, full: 50 }, 1000)],
    count: number('count', { quick: 5_000, full: 10_000 }, 1_000_000),
    warmUp: number('warm-up', { quick: 30_000, full: 30_000 }, 1_000_000),
    rounds: number('rounds', { quick: 3, full: 3 }, 100),
    starts: number('starts', { quick: 1, full: 3 }, 100),
    quick,
    check,
    commit,
    profile,
    ...(json !== undefined && { json }),
    ...(picture !== undefined && { picture }),
  };
}

function readCases(names: string): BenchCase[] {
  if (names === 'all') return [...cases];
  return names.split(',').map((name) => {
    const found = cases.find((each) => each.name === name);
    if (!found) throw new Error(`--case: ${name} is none of ${cases.map((each) => each.name).join(', ')}`);
    return found;
  });
}

function readProviders(name: string | undefined): ProviderName[] {
  if (name === undefined) return ['apns', 'fcm'];
  if (name === 'apns' || name === 'fcm') return [name];
  throw new Error('--provider: expected apns or fcm');
}
