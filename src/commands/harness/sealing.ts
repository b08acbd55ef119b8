/** `sealpost harness seal` and `open`: one payload by hand, for debugging a client or a server. */
import { type Element, parse } from 'ltx';
import type { CommandIo } from './io.ts';
import { type ExitCode, UsageError, readArguments } from '../command.ts';
import { sealingNamespace } from '../../harness/server/enabling.ts';
import { type OpeningRefusal, openSealed, strictBase64 } from '../../harness/sealing/opening.ts';
import { fitPayload, type SealedPayload } from '../../harness/sealing/payload-json.ts';
import { keyBytes, seal, type Sealed } from '../../harness/sealing/sealing.ts';
import { attribute, childElements } from '../../harness/server/stanza.ts';

/** Characters of a stanza or of JSON that is opened; no server relays more. */
const textMax = 1_000_000;

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

/**
 * `sealpost harness open`: one text, or the pushes that `harness providers` writes, each as it comes. Exits with 1 if a
 * phone could not open one of them.
 */
export async function openCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { key: { type: 'string' }, 'ignore-tag': { type: 'boolean' } },
  });
  const key = readKey(values.key);
  const tag = values['ignore-tag'] ? 'ignore' : 'verify';
  const [given, ...others] = positionals;
  if (others.length > 0) throw new UsageError('more than one text: quotation marks may be missing');
  const texts = given === undefined ? textsOf(io.readLines()) : [given];
  let code: ExitCode = 0;
  for await (const text of texts) if (!openOne(findSealed(text), key, tag, io)) code = 1;
  return code;
}

/** The lines that are pushes of `harness providers`, one by one; what else there is, as one text at the end. */
async function* textsOf(lines: AsyncIterable<string>): AsyncGenerator<string> {
  const rest: string[] = [];
  let pushes = 0;
  let size = 0;
  for await (const line of lines) {
    if (readObject(line)?.['provider'] !== undefined) {
      pushes += 1;
      yield line;
      continue;
    }
    size += line.length;
    if (size > textMax) throw new UsageError(`more than ${textMax} characters that are no push`);
    rest.push(line);
  }
  const text = rest.join('\n');
  if (pushes === 0 || text.trim() !== '') yield text;
}

/** @returns whether a phone opens it */
function openOne(found: Found, key: Buffer, tag: 'ignore' | 'verify', { output, errors }: CommandIo): boolean {
  if (!found.sealed) {
    errors.write(`${found.what}\n`);
    return true;
  }
  const { ciphertext, iv } = found.sealed;
  const bare = { ciphertext: ciphertext.replaceAll(/\s/g, ''), iv: iv.replaceAll(/\s/g, '') };
  const isSpaced = found.isPush && (bare.ciphertext !== ciphertext || bare.iv !== iv);
  const opening = openSealed(bare, key, { tag });
  if (isSpaced) errors.write('there is white space in the base64: phones would not open this push\n');
  if (!opening.opened) {
    errors.write(`${opening.reason}: ${refusals[opening.reason]}\n`);
    return false;
  }
  output.write(`${opening.text}\n`);
  return !isSpaced;
}

type Found =
  | { readonly sealed: Sealed; readonly isPush: boolean }
  /** A push that carries nothing sealed. */
  | { readonly sealed?: undefined; readonly what: string };

/** The sealed content of a stanza with `<encrypted/>` in it, or of the JSON of a push to either provider. */
function findSealed(text: string): Found {
  if (text.trimStart().startsWith('<')) {
    const element = parseXml(text);
    const encrypted = element && findElement(element);
    if (!encrypted) throw new UsageError(`there is no <encrypted xmlns='${sealingNamespace}'/> in it`);
    return { sealed: { ciphertext: encrypted.getText(), iv: attribute(encrypted, 'iv') ?? '' }, isPush: false };
  }
  const line = readObject(text);
  const body = line?.['provider'] === undefined ? undefined : line['body'];
  const json = (body as Record<string, unknown> | undefined) ?? line;
  const message = (json?.['message'] as { data?: Record<string, unknown> } | undefined)?.data;
  const keys = message ?? (json?.['data'] as Record<string, unknown> | undefined) ?? json;
  const { encrypted, iv } = keys ?? {};
  if (typeof encrypted !== 'string' || typeof iv !== 'string') {
    if (body) return { what: `a push to ${String(line?.['provider'])} with nothing sealed in it` };
    throw new UsageError('it is neither a stanza nor JSON with encrypted and iv');
  }
  return { sealed: { ciphertext: encrypted, iv }, isPush: true };
}

function findElement(element: Element): Element | undefined {
  if (element.is('encrypted', sealingNamespace)) return element;
  for (const child of childElements(element)) {
    const found = findElement(child);
    if (found) return found;
  }
  return undefined;
}

function readKey(written: string | undefined): Buffer {
  const key = strictBase64(written ?? '');
  if (key?.length !== keyBytes) throw new UsageError(`--key takes the base64 of ${keyBytes} bytes`);
  return key;
}

async function readText(positionals: readonly string[], { readLines }: CommandIo): Promise<string> {
  if (positionals.length > 1) throw new UsageError('more than one text: quotation marks may be missing');
  if (positionals[0] !== undefined) return positionals[0];
  const lines: string[] = [];
  for await (const line of readLines()) lines.push(line);
  return lines.join('\n');
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
