/** Field types shared by all sections. Each is a codec: what people write ⇄ the unit the code uses. */
import { z } from "zod";
import { isSealed } from "#server/config/sealed-form.ts";
import {
  formatDuration,
  formatMode,
  formatSize,
  parseCores,
  parseDuration,
  parseMode,
  parseSize,
} from "#server/config/units.ts";

type TextOrNumber = string | number;

interface Unit {
  /** Shown in the generated documentation. */
  type: string;
  /** Completes "must be …". */
  expected: string;
  parse: (written: TextOrNumber) => number | undefined;
  format: (value: number) => TextOrNumber;
}

interface Range {
  min: number;
  max: number;
}

function unitField({ type, expected, parse, format }: Unit, { min, max }: Range) {
  const written = z.custom<TextOrNumber>((value) => typeof value === "string" || typeof value === "number", {
    error: `must be ${expected}`,
  });
  return z
    .codec(written, z.number(), {
      decode: (value, payload) => {
        const parsed = parse(value);
        if (parsed === undefined) {
          payload.issues.push({ code: "custom", input: value, message: `must be ${expected}` });
          return z.NEVER;
        }
        if (parsed < min || parsed > max) {
          payload.issues.push({
            code: "custom",
            input: value,
            message: `must be between ${format(min)} and ${format(max)}`,
          });
          return z.NEVER;
        }
        return parsed;
      },
      encode: format,
    })
    .meta({ type });
}

/** Milliseconds after parsing; written back as `"24h"`. */
export const duration = (range: Range) =>
  unitField(
    {
      type: "duration",
      expected: 'a duration such as "30s", "24h" or "30d", or a number of milliseconds',
      parse: parseDuration,
      format: formatDuration,
    },
    range,
  );

/** Milliseconds after parsing; written back as a number, for keys whose name ends in `Ms`. */
export const milliseconds = (range: Range) =>
  unitField(
    {
      type: "milliseconds",
      expected: 'a number of milliseconds or a duration such as "15m"',
      parse: parseDuration,
      format: (value) => value,
    },
    range,
  );

/** Bytes after parsing. */
export const size = (range: Range) =>
  unitField(
    {
      type: "size",
      expected: 'a size such as "512m", "1g" or "10MB", or a number of bytes',
      parse: parseSize,
      format: formatSize,
    },
    range,
  );

/** Processor cores after parsing. */
export const cores = (range: Range) =>
  unitField(
    { type: "cores", expected: 'a number of processor cores such as "0.5"', parse: parseCores, format: String },
    range,
  );

/** A file mode (0o600) after parsing. */
export const mode = () =>
  unitField(
    {
      type: "file mode",
      expected: 'a file mode in quotes such as "600"',
      parse: (written) => (typeof written === "string" ? parseMode(written) : undefined),
      format: formatMode,
    },
    { min: 0, max: 0o777 },
  );

export const wholeNumber = ({ min, max }: Range) => z.int().min(min).max(max).meta({ type: "whole number" });

const MAX_TEXT = 4096;
/** The longest text, every character escaped, encrypted and in Base64. */
const MAX_SEALED = 48 * 1024;

/** Free text that may hold `${NAME}` references, resolved at use only. */
export const text = () => freeText().max(MAX_TEXT);

const freeText = () =>
  z
    .string()
    .min(1)
    .refine((value) => !hasControlCharacter(value), { error: "must not hold control characters" })
    .refine((value) => !/\$\{(?![A-Za-z_][A-Za-z0-9_]*\})/.test(value), {
      error: "holds a reference that is not of the form ${NAME}",
    })
    .meta({ type: "text" });

/** Like `text`, or encrypted; masked wherever the configuration is shown. */
export const secret = () =>
  freeText()
    .refine((value) => value.length <= (isSealed(value) ? MAX_SEALED : MAX_TEXT), {
      error: `must be at most ${MAX_TEXT} characters`,
    })
    .meta({ type: "secret text", secret: true });

/** An id or name that is matched literally: user ids, role names, channels, commands. */
export const name = () =>
  z
    .string()
    .min(1)
    .max(128)
    .refine((value) => !hasControlCharacter(value) && value.trim() === value, {
      error: "must not hold control characters or begin or end with a space",
    })
    .meta({ type: "name" });

export const names = () => z.array(name()).max(10_000).meta({ type: "list of names" });

/**
 * A map whose keys come from the file. The result has no prototype, so that looking up a user called "constructor" finds nothing
 * instead of something of JavaScript's own.
 */
export function dictionary<Value extends z.ZodType>(value: Value, key: z.ZodType<string, string> = name()) {
  const entries = z.record(key, value);
  return z.codec(entries, z.custom<Record<string, z.output<Value>>>(), {
    decode: (map) => withoutPrototype(map as Record<string, z.output<Value>>),
    encode: (map) => ({ ...map }),
  });
}

function withoutPrototype<Value>(map: Record<string, Value>): Record<string, Value> {
  return Object.assign(Object.create(null) as Record<string, Value>, map);
}

function hasControlCharacter(value: string): boolean {
  return /\p{Cc}|\p{Cf}/u.test(value);
}

/** An address or a CIDR block, IPv4 or IPv6. */
export const network = () =>
  z
    .string()
    .refine((value) => [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()].some((form) => form.safeParse(value).success), {
      error: 'must be an IP address or a CIDR block such as "192.168.1.0/24"',
    })
    .meta({ type: "address or CIDR" });
