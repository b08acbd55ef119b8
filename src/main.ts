import { takeSignals } from './commands/signals.ts';

/** For output that nobody has read yet when a command ends, milliseconds. */
const outputWithinMs = 5_000;

// Before anything else is loaded, since a SIGHUP would end the process until then.
const signals = takeSignals();
// Ends the process when nobody reads its output any more (`| head`): as failed, unless a command set its exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? Number(process.exitCode ?? 1) : 1),
  );
}

const { runCommand } = await import('./commands/run.ts');
const { describeCrash } = await import('./commands/crash.ts');
// From here on, since nothing secret was read before.
process.on('uncaughtException', (error) => {
  process.stderr.write(describeCrash(error));
  process.exit(1);
});
const code = await runCommand(process.argv.slice(2), signals);
// `exit` would cut off what a pipe has not taken yet: a report for `| jq`. A reader that has stopped is not waited for long.
const written = [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)));
const impatience = new Promise((resolve) => setTimeout(resolve, outputWithinMs));
await Promise.race([Promise.all(written), impatience]);
// A provider that hangs would keep the process alive after the drain.
process.exit(code);
