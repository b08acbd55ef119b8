/** `sealpost harness vectors`: test vectors against the reference. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CommandIo } from './io.ts';
import { type ExitCode, UsageError, readArguments } from '../command.ts';
import { checkVectors } from '../../harness/vectors/check.ts';
import { createVectorFiles, formatVectorFile } from '../../harness/vectors/write.ts';

/** `sealpost harness vectors`. Exits with 1 if a file and the reference differ. */
export async function vectorsCommand(args: readonly string[], { output }: CommandIo): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { check: { type: 'string', multiple: true }, write: { type: 'string' } },
  });
  if (values.write !== undefined) {
    await mkdir(values.write, { recursive: true });
    for (const [name, file] of createVectorFiles()) {
      await writeFile(join(values.write, name), formatVectorFile(file));
      output.write(`${name}: ${file.vectors.length} vectors\n`);
    }
    return 0;
  }
  if (!values.check) throw new UsageError('vectors takes --check FILE or --write FOLDER');
  let code: ExitCode = 0;
  for (const file of [...values.check, ...positionals]) {
    const { checked, mismatches } = checkVectors(await readFile(file, 'utf8'));
    output.write(`${basename(file)}: ${checked - mismatches.length} of ${checked} vectors agree with the reference\n`);
    for (const { name, expected, actual } of mismatches) {
      output.write(
        `  ${name}\n    the file says  ${JSON.stringify(expected)}\n    the reference  ${JSON.stringify(actual)}\n`,
      );
    }
    if (mismatches.length > 0 || checked === 0) code = 1;
  }
  return code;
}
