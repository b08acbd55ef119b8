/** `sealpost harness seal`, `open`, `vectors` and `providers`, for debugging a client, a server or tests. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Element, parse } from 'ltx';
import type { CommandIo } from './io.ts';
import { type ExitCode, UsageError, readArguments } from '../command.ts';
import { sealingNamespace } from '../../harness/server/enabling.ts';
import { type OpeningRefusal, openSealed, strictBase64 } from '../../harness/sealing/opening.ts';
import { fitPayload, type SealedPayload } from '../../harness/sealing/payload-json.ts';
import { describeSettings } from '../../harness/stand-ins/provider-settings.ts';
import { setProviders } from '../../harness/runner/environment.ts';
import { keyBytes, seal, type Sealed } from '../../harness/sealing/sealing.ts';
import { attribute, childElements } from '../../harness/server/stanza.ts';
import { checkVectors } from '../../harness/vectors/check.ts';
import { createVectorFiles, formatVectorFile } from '../../harness/vectors/write.ts';

/** `sealpost harness seal`. Exits with 1 if the text does not fit. */
export async function sealCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { key: { type: 'string' }, 'max-size': { type: 'string' }, voip: { type: 'boolean' } },
  });
  const key = readKey(values.key);
  const text = (await readText(positionals, io)).trim();
  const payload = readObject(text);
  if (!payload) throw new UsageError('what is sealed has to be a JSON object');
  const size = values['max-size'];
  if (size !== undefined && !/^[1-9]\d{0,8}$/.test(size)) throw new UsageError('--max-size takes a number of bytes');
  // The text stays as written unless it has to be shortened.
  const fitted = size === undefined ? undefined : fitPayload(payload as unknown as SealedPayload, Number(size));
  const { ciphertext, iv } = seal(fitted?.json ?? text, key, io.randomBytes);
  const type = values.voip ? ` type='voip'` : '';
  io.output.write(`<encrypted xmlns='${sealingNamespace}'${type} iv='${iv}'>${ciphertext}</encrypted>\n`);
  if (fitted?.bodyCut) io.errors.write('the end of the body was cut off\n');
  if (fitted?.omemoDropped) io.errors.write('the OMEMO data was left out\n');
  if (fitted?.fits !== false) return 0;
  io.errors.write(`it does not fit ${size} bytes even without body and OMEMO data\n`);
  return 1;
}

const refusals: Readonly<Record<OpeningRefusal, string>> = {
  'bad-base64': 'ciphertext or IV is not base64 as phones read it: standard alphabet, padded, no white space',
  'too-short': 'the ciphertext contains nothing but the tag; some phones crash on it',
  'empty-iv': 'there is no IV',
  'bad-key': 'a key needs 16 bytes',
  'bad-tag':
    'the tag does not match: another key or IV, changed data, or a server that cannot make tags (--ignore-tag)',
  'bad-utf8': 'the opened text is not UTF-8: another key, or a character was cut in half',
};

/** `sealpost harness open`. Exits with 1 if no phone could open it. */
export async function openCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { key: { type: 'string' }, 'ignore-tag': { type: 'boolean' } },
  });
  const key = readKey(values.key);
  const found = findSealed(await readText(positionals, io));
  const bare = { ciphertext: found.ciphertext.replaceAll(/\s/g, ''), iv: found.iv.replaceAll(/\s/g, '') };
  const spaced = bare.ciphertext !== found.ciphertext || bare.iv !== found.iv;
  const opening = openSealed(bare, key, { tag: values['ignore-tag'] ? 'ignore' : 'verify' });
  if (spaced && found.from === 'push') {
    io.errors.write('there is white space in the base64: phones would not open this push\n');
  }
  if (!opening.opened) {
    io.errors.write(`${opening.reason}: ${refusals[opening.reason]}\n`);
    return 1;
  }
  io.output.write(`${opening.text}\n`);
  return spaced && found.from === 'push' ? 1 : 0;
}

/** The sealed content of a stanza with `<encrypted/>` in it, or of the JSON of a push to either provider. */
function findSealed(text: string): Sealed & { readonly from: 'stanza' | 'push' } {
  if (text.trimStart().startsWith('<')) {
    const element = parseXml(text);
    const encrypted = element && findElement(element);
    if (!encrypted) throw new UsageError(`there is no <encrypted xmlns='${sealingNamespace}'/> in it`);
    return { ciphertext: encrypted.getText(), iv: attribute(encrypted, 'iv') ?? '', from: 'stanza' };
  }
  const json = readObject(text);
  const message = (json?.['message'] as { data?: Record<string, unknown> } | undefined)?.data;
  const keys = message ?? (json?.['data'] as Record<string, unknown> | undefined) ?? json;
  const { encrypted, iv } = keys ?? {};
  if (typeof encrypted !== 'string' || typeof iv !== 'string') {
    throw new UsageError('it is neither a stanza nor JSON with encrypted and iv');
  }
  return { ciphertext: encrypted, iv, from: 'push' };
}

function findElement(element: Element): Element | undefined {
  if (element.is('encrypted', sealingNamespace)) return element;
  for (const child of childElements(element)) {
    const found = findElement(child);
    if (found) return found;
  }
  return undefined;
}

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

/** `sealpost harness providers`. Runs until interrupted. */
export async function providersCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values } = readArguments({
    args: [...args],
    options: { 'apns-port': { type: 'string' }, 'fcm-port': { type: 'string' }, settings: { type: 'string' } },
  });
  const { clock, output, signal } = io;
  const ports = { apns: readPort(values['apns-port']), fcm: readPort(values['fcm-port']) };
  const providers = await setProviders({ clock }, ports);
  try {
    const settings = JSON.stringify(describeSettings(providers), undefined, 2);
    if (values.settings === undefined) output.write(`${settings}\n`);
    else await writeFile(values.settings, `${settings}\n`, { mode: 0o600 });
    for (const standIn of [providers.apns, providers.fcm]) {
      standIn.onPush(({ provider, token, bytes, status, reason, body }) => {
        const line = { provider, token, bytes, status, ...(reason !== undefined && { reason }), body };
        output.write(`${JSON.stringify(line)}\n`);
      });
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await providers.close();
  }
  return 0;
}

function readPort(written: string | undefined): number {
  const port = Number(written ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`${written} is not a port`);
  return port;
}

function readKey(written: string | undefined): Buffer {
  const key = strictBase64(written ?? '');
  if (key?.length !== keyBytes) throw new UsageError(`--key takes the base64 of ${keyBytes} bytes`);
  return key;
}

async function readText(positionals: readonly string[], { readInput }: CommandIo): Promise<string> {
  if (positionals.length > 1) throw new UsageError('more than one text: quotation marks may be missing');
  return positionals[0] ?? readInput();
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function parseXml(text: string): Element | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
