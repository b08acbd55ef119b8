import { parseArgs } from 'node:util';
import type { ProviderName } from './protocol.ts';
import type { Plan } from './rounds.ts';

export const usage = `Usage: npm run bench -- [OPTIONS]

  --quick            one short round: whether it runs, not how fast
  --count N          notifications per cell, a quarter of them at window 1; default 10,000
  --warm-up N        notifications before, not measured; default 3,000
  --rounds N         each cell that many times; medians are shown; default 3
  --provider NAME    apns or fcm alone
  --window N         this window alone; default: 1, 50 and 500
  --isolation        no table but whether an app that hangs slows another one
  --profile          no table but where the time goes, for one cell; default: apns at window 50
`;

export interface Options extends Plan {
  readonly profile: boolean;
  readonly isolation: boolean;
  readonly quick: boolean;
  /** Devices registered with each provider, which get the publishes in turn. */
  readonly devices: number;
}

/** The burst of a registration is 100; beyond it the server would delay pushes. */
const pushesPerDevice = 50;

/**
 * Reads the command line.
 * @throws Error that says what is wrong with the arguments
 */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean' },
      count: { type: 'string' },
      'warm-up': { type: 'string' },
      rounds: { type: 'string' },
      provider: { type: 'string' },
      window: { type: 'string' },
      profile: { type: 'boolean' },
      isolation: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const { quick = false, profile = false, isolation = false } = values;
  const number = (name: 'count' | 'warm-up' | 'rounds' | 'window', otherwise: number, most: number) => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name}: expected 1 to ${most}`);
    return value;
  };
  const count = number('count', quick ? 1000 : 10_000, 1_000_000);
  const warmUp = number('warm-up', quick ? 500 : 3000, 1_000_000);
  return {
    providers: readProviders(values.provider ?? (profile ? 'apns' : undefined)),
    // More than one link keeps unanswered would measure the server's waiting.
    windows: values.window === undefined && !profile ? [1, 50, 500] : [number('window', 50, 1000)],
    count,
    warmUp,
    rounds: number('rounds', quick ? 1 : 3, 100),
    devices: Math.max(quick ? 100 : 1000, Math.ceil((count + warmUp) / pushesPerDevice)),
    profile,
    isolation,
    quick,
  };
}

function readProviders(name: string | undefined): ProviderName[] {
  if (name === undefined) return ['apns', 'fcm'];
  if (name === 'apns' || name === 'fcm') return [name];
  throw new Error('--provider: expected apns or fcm');
}
