/** Every key of the schema as data: for the documentation, for suggestions and for masking secrets. */
import { z } from "zod";
import { ConfigSchema } from "#server/config/schema.ts";
import type { Path } from "#server/config/json5/value.ts";

export interface KeyEntry {
  /** `*` stands for a key that the file chooses. */
  path: readonly string[];
  type: string;
  /** As written in a file; undefined when there is none. */
  defaultValue: unknown;
  required: boolean;
  description: string;
  secret: boolean;
  /** Names allowed below this key; undefined for a value, a list or a map. */
  children: readonly string[] | undefined;
}

interface Facts {
  schema: z.core.$ZodType;
  defaultValue: unknown;
  optional: boolean;
  description: string | undefined;
  type: string | undefined;
  secret: boolean;
}

/** Looks through defaults, optionals and codecs; what is said further out wins. */
function factsOf(schema: z.core.$ZodType): Facts {
  const meta = z.globalRegistry.get(schema);
  const own = {
    description: meta?.description,
    type: typeof meta?.["type"] === "string" ? meta["type"] : undefined,
    secret: meta?.["secret"] === true,
  };
  const merge = (inner: Facts, changes: Partial<Facts> = {}): Facts => ({
    ...inner,
    ...changes,
    description: own.description ?? inner.description,
    type: own.type ?? inner.type,
    secret: own.secret || inner.secret,
  });
  if (schema instanceof z.ZodPrefault) {
    return merge(factsOf(schema.def.innerType), { defaultValue: schema.def.defaultValue, optional: true });
  }
  if (schema instanceof z.ZodOptional) {
    return merge(factsOf(schema.def.innerType), { optional: true });
  }
  if (schema instanceof z.ZodPipe) {
    return merge(factsOf(schema.def.in));
  }
  return { schema, defaultValue: undefined, optional: false, ...own };
}

function typeName(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodBoolean) {
    return "true or false";
  }
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) {
    const options: unknown[] = schema instanceof z.ZodEnum ? schema.options : [...schema.values];
    return options.map((option) => JSON.stringify(option)).join(" or ");
  }
  if (schema instanceof z.ZodArray) {
    const item = factsOf(schema.def.element);
    return `list of ${item.type ?? typeName(item.schema)}`;
  }
  return schema instanceof z.ZodNumber ? "number" : schema instanceof z.ZodString ? "text" : "object";
}

function describe(schema: z.core.$ZodType, path: readonly string[]): KeyEntry[] {
  const facts = factsOf(schema);
  const shape =
    facts.schema instanceof z.ZodObject ? (facts.schema.shape as Record<string, z.core.$ZodType>) : undefined;
  const entry: KeyEntry = {
    path,
    type: facts.type ?? typeName(facts.schema),
    defaultValue: facts.defaultValue,
    required: !facts.optional,
    description: facts.description ?? "",
    secret: facts.secret,
    children: shape && Object.keys(shape),
  };
  if (shape !== undefined) {
    return [entry, ...Object.entries(shape).flatMap(([key, child]) => describe(child, [...path, key]))];
  }
  return facts.schema instanceof z.ZodRecord
    ? [entry, ...describe(facts.schema.def.valueType, [...path, "*"])]
    : [entry];
}

/** Parents before children, in the order of the schema; the first is the whole file. */
export const CONFIG_KEYS: readonly KeyEntry[] = describe(ConfigSchema, []);

/** The entry that describes `path`; an index into a list answers with the list. */
export function entryAt(path: Path): KeyEntry | undefined {
  const steps = path.filter((step) => typeof step === "string");
  return CONFIG_KEYS.find(
    (entry) =>
      entry.path.length === steps.length && entry.path.every((step, index) => step === "*" || step === steps[index]),
  );
}

/** A known path that ends in `key`, to point a misplaced key to its place. */
export function placeOf(key: string): readonly string[] | undefined {
  const places = CONFIG_KEYS.filter((entry) => entry.path.at(-1) === key);
  return places.length === 1 ? places[0]?.path : undefined;
}
