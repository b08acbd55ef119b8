/** The keys of a zod schema as rows for documentation: what the schema itself says of them. */
import { z } from 'zod';

/** One key, or a section of keys. */
export interface KeyRow {
  /** As in messages about the config, with `[]` for any entry of a list and `NAME` for any name: `xmpp[].secret`. */
  readonly path: string;
  /** What may be written; `section` where keys follow. */
  readonly allowed: string;
  /** As it would be written in the file; `required`, `none`, or empty for a section that may be left out. */
  readonly absent: string;
  readonly meaning: string;
}

/** What the layers around a schema (default, optional, description …) say. */
interface Facts extends Pick<z.GlobalMeta, 'allowed' | 'absent' | 'description'> {
  /** The schema inside all layers. */
  readonly core: z.core.$ZodType;
  readonly default?: { readonly value: unknown; readonly accepts: z.core.$ZodType };
  readonly isOptional?: boolean;
}

/** An outer layer overrides what an inner one says. */
function factsOf(schema: z.core.$ZodType): Facts {
  const inner = innerOf(schema);
  const own = z.globalRegistry.get(schema);
  return { ...(inner ? factsOf(inner) : { core: schema }), ...own, ...layerOf(schema) };
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  const isLayer =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return isLayer ? schema.def.innerType : undefined;
}

function layerOf(schema: z.core.$ZodType): Partial<Facts> {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return { default: { value: schema.def.defaultValue, accepts: schema.def.innerType } };
  }
  const isOptional = schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional;
  return isOptional ? { isOptional } : {};
}

/**
 * Rows of a key and of all keys in it, in the order of the schema. The keys of alternatives (apps of several providers) are
 * left to `alternativesOf`.
 * @throws Error for a key without a description, of a kind that does not say what it allows, or with a default that is none
 */
export function rowsOf(path: string, schema: z.core.$ZodType): KeyRow[] {
  const { core, ...facts } = factsOf(schema);
  if (facts.description === undefined) throw new Error(`${path} has no description`);
  if (facts.default && !z.safeParse(facts.default.accepts, facts.default.value).success) {
    throw new Error(`${path} does not accept its own default`);
  }
  const row = { path, allowed: allowedOf(path, schema), absent: absentOf(facts), meaning: facts.description };
  const below = facts.allowed === undefined ? inside(path, core) : [];
  return [row, ...below.flatMap(([name, key]) => rowsOf(name, key))];
}

/** The keys in a section, in the entries of a list, in the values of a map. */
function inside(path: string, core: z.core.$ZodType): [string, z.core.$ZodType][] {
  if (core instanceof z.ZodObject) return Object.entries(core.shape).map(([key, value]) => [`${path}.${key}`, value]);
  if (core instanceof z.ZodArray) return inside(`${path}[]`, factsOf(core.element).core);
  return [];
}

function allowedOf(path: string, schema: z.core.$ZodType): string {
  const { core, allowed } = factsOf(schema);
  if (allowed !== undefined) return allowed;
  if (core instanceof z.ZodObject) return 'section';
  if (core instanceof z.ZodRecord) return 'map of names to sections';
  if (core instanceof z.ZodArray) {
    const { minItems = 0, maxItems } = z.toJSONSchema(core, { unrepresentable: 'any', io: 'input' });
    if (maxItems === undefined) throw new Error(`${path} is a list without a bound`);
    return `list of ${minItems} to ${maxItems}, each: ${allowedOf(path, core.element)}`;
  }
  throw new Error(`${path} is of a kind that does not say what may be written`);
}

function absentOf(facts: Omit<Facts, 'core'>): string {
  if (facts.absent !== undefined) return facts.absent;
  if (!facts.default) return facts.isOptional ? 'none' : 'required';
  const { value } = facts.default;
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return '';
  const written = `\`${asYaml(value)}\``;
  return facts.allowed?.startsWith('bytes') ? `${written} (${inBinaryUnits(Number(value))})` : written;
}

/** In YAML's flow style; for words and numbers that need no quotes. */
function asYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asYaml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, entry]) => `${key}: ${asYaml(entry)}`)
    .join(', ')} }`;
}

function inBinaryUnits(bytes: number): string {
  return bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${bytes / 1_024} KiB`;
}

/** The alternatives of the sections in a map, by the word that tells them apart; each with its keys. */
export function alternativesOf(path: string, schema: z.core.$ZodType): Map<string, KeyRow[]> {
  const { core } = factsOf(schema);
  const union = core instanceof z.ZodRecord ? factsOf(core.valueType).core : core;
  if (!(union instanceof z.ZodDiscriminatedUnion)) throw new Error(`${path} has no alternatives`);
  const { discriminator, options } = union.def;
  return new Map(
    options.map((option) => {
      const keys = inside(path, factsOf(option).core);
      const literal = keys.map(([, key]) => key).find((key) => key instanceof z.ZodLiteral);
      const others = keys.filter(([name]) => name !== `${path}.${discriminator}`);
      return [String(literal?.value), others.flatMap(([name, key]) => rowsOf(name, key))];
    }),
  );
}
