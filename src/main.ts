import { takeSignals } from './commands/signals.ts';

// Before anything else is loaded, since a SIGHUP would end the process until then.
const signals = takeSignals();
// Ends the process when nobody reads its output any more (`| head`): as failed, unless a command set its exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? Number(process.exitCode ?? 1) : 1),
  );
}

const { runCommand } = await import('./commands/run.ts');
// A provider that hangs would keep the process alive after the drain.
process.exit(await runCommand(process.argv.slice(2), signals));
