import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { UsageError } from '../../src/commands/command.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { CommandResult } from './command.ts';
import { startWorld, type World } from './sealpost.ts';

/** A command that asks a running server. */
export type OperatorCommand = (call: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown };
  readonly clock: typeof systemClock;
  readonly signal: AbortSignal;
}) => Promise<0 | 1 | 2>;

/** A world with an admin token, and an operator who runs commands in this process, which is far faster than in others. */
export interface OperatedWorld extends World {
  run(command: OperatorCommand, args: readonly string[], signal?: AbortSignal): Promise<CommandResult>;
  /** Everything that commands wrote. */
  readonly written: readonly string[];
}

/** Starts a world that ends with the test. */
export async function startOperated(t: TestContext, extra: object = {}): Promise<OperatedWorld> {
  const world = await startWorld({ admin: { token: 'admin-token' }, ...extra });
  t.after(() => world.stop());
  const written: string[] = [];
  return {
    ...world,
    written,
    async run(command, args, signal = new AbortController().signal) {
      const at = ['--config', join(world.folder, 'sealpost.yaml'), '--url', world.sealpost.opsUrl];
      const result = { code: 0, output: '', errors: '' };
      const output = {
        write(text: string) {
          result.output += text;
          written.push(text);
        },
      };
      try {
        result.code = await command({ args: [...at, ...args], env: {}, clock: systemClock, signal, output });
      } catch (error) {
        result.code = error instanceof UsageError ? 2 : 1;
        result.errors = String(error);
        written.push(result.errors);
      }
      return result;
    },
  };
}

/** A publish of a sealed message as Prosody sends it. */
export function publishOf(id: string, node: string, { from = 'localhost', ciphertext = sealedText } = {}): string {
  return (
    `<iq type='set' from='${from}' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>${ciphertext}</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}

/** The ciphertext of `publishOf`. */
export const sealedText = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
