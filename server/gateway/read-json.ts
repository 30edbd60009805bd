/** From body bytes to a validated value; every fault names the field or the place. */
import type { z } from "zod";
import { AppError } from "#server/core/errors.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { MAX_BODY_BYTES } from "#server/gateway/schema.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const JSON_TYPE = /^application\/(?:[a-z.-]+\+)?json\s*(?:;|$)/i;

/** @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_INPUT */
export async function readJson<T extends z.ZodType>(
  incoming: Incoming,
  schema: T,
  limitBytes: number = MAX_BODY_BYTES,
): Promise<z.output<T>> {
  const type = incoming.header("content-type");
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new AppError(
      "UNSUPPORTED_MEDIA_TYPE",
      "Send the body as JSON with the header content-type: application/json.",
    );
  }
  return validate(schema, parseJson(await incoming.readBody(limitBytes)));
}

/** @param what names the text in errors: "body", "frame". @throws AppError INVALID_INPUT that quotes nothing of it. */
export function parseJson(bytes: Buffer, what = "body"): unknown {
  if (bytes.length === 0) {
    throw new AppError("INVALID_INPUT", `The ${what} is empty; a JSON object is needed.`);
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new AppError("INVALID_INPUT", `The ${what} is not valid UTF-8.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8's message quotes the text; only its position is passed on.
    const place = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    throw new AppError(
      "INVALID_INPUT",
      `The ${what} is not valid JSON${place === undefined ? "" : ` (at character ${place})`}.`,
    );
  }
}

/** Validates against a schema. @throws AppError INVALID_INPUT listing every field at fault in `details.fields`. */
export function validate<T extends z.ZodType>(schema: T, value: unknown, what = "body"): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  const fields = parsed.error.issues.slice(0, 20).map((issue) => ({
    field: issue.path.map(String).join(".") || `(${what})`,
    problem: issue.message,
  }));
  const [first] = fields;
  throw new AppError("INVALID_INPUT", `${first?.field ?? `(${what})`}: ${first?.problem ?? "is not valid"}.`, {
    details: { fields },
  });
}
