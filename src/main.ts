import { takeSignals } from './commands/signals.ts';

// Before anything else is loaded: until then the system would end the process by a SIGHUP.
const signals = takeSignals();
// Whoever reads the output has gone (`| head`): there is nothing left to say. A command that is not done has failed, unless
// it said otherwise.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? Number(process.exitCode ?? 1) : 1),
  );
}

const { runCommand } = await import('./commands/run.ts');
// A provider that hangs would keep the process alive after the drain.
process.exit(await runCommand(process.argv.slice(2), signals));
