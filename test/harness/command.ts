import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runHarnessCommand } from '../../src/commands/harness/harness.ts';
import { startInProcess, stageParts } from './in-process.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** `sealpost harness …` within this process. */
export async function callHarness(args: readonly string[], input = ''): Promise<Finished> {
  const [output, errors] = [createSink(), createSink()];
  const code = await runHarnessCommand(args, {
    ...stageParts,
    output,
    errors,
    env: {},
    readLines: async function* () {
      yield* input.split('\n');
    },
    startServer: startInProcess(),
    signal: new AbortController().signal,
  });
  return { code, output: output.text(), errors: errors.text() };
}

function createSink(): Writable & { text(): string } {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return Object.assign(sink, { text: () => text });
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when the command has said something on either stream that matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** `sealpost harness …` as a process of its own, with `input` on its standard input. */
export function startHarness(args: readonly string[], input = ''): RunningCommand {
  return follow(spawn(process.execPath, [join(root, 'src', 'main.ts'), 'harness', ...args]), input);
}

export function startNode(args: readonly string[]): RunningCommand {
  return follow(spawn(process.execPath, args, { cwd: root }), '');
}

function follow(child: ReturnType<typeof spawn>, input: string): RunningCommand {
  const texts = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
      for (const listener of listeners) listener();
    });
  }
  child.stdin?.on('error', () => {}).end(input);
  const finished = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    output: texts.stdout,
    errors: texts.stderr,
  }));
  return {
    process: child,
    finished,
    said(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(texts.stdout) ?? pattern.exec(texts.stderr);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        void finished.then(({ code, errors }) => reject(new Error(`ended with ${code}: ${errors}`)));
        look();
      });
    },
  };
}
