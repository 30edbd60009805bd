/** What the translations share: reading members whose shape nobody vouches for, and refusing those that have no counterpart. Pure. */
import { ModelRefusal } from "#server/models/api-error.ts";
import { isObject, type JsonObject } from "#server/models/json.ts";

/** @param member where it stands, such as `messages[2].content[0]`. @param why completes "… has no counterpart": what to do instead */
export const notTranslatable = (member: string, why: string): ModelRefusal =>
  new ModelRefusal(400, "not_translatable", `\`${member}\` cannot be translated to the API of this model. ${why}`);

const malformed = (member: string, expected: string): ModelRefusal =>
  new ModelRefusal(400, "invalid_request", `\`${member}\` must be ${expected}.`);

/** Absent, or said in a way that asks for nothing. */
export const isUnset = (value: unknown): boolean => value === undefined || value === null;

/** @throws ModelRefusal when a member is neither translated (`known`) nor without effect on the answer (`hints`). */
export function refuseOthers(body: JsonObject, known: readonly string[], hints: readonly string[]): void {
  const other = Object.keys(body).find(
    (name) => !isUnset(body[name]) && !known.includes(name) && !hints.includes(name),
  );
  if (other !== undefined) {
    throw notTranslatable(other, "Leave it out, or ask a model whose provider speaks the API you call.");
  }
}

/** @throws ModelRefusal when the value is there and is none of `harmless`. */
export function refuseUnless(
  body: JsonObject,
  name: string,
  harmless: readonly unknown[],
  why = "Leave it out.",
): void {
  const value = body[name];
  if (!isUnset(value) && !harmless.includes(value)) {
    throw notTranslatable(name, why);
  }
}

export function listOf(value: unknown, member: string): unknown[] {
  if (!Array.isArray(value)) {
    throw malformed(member, "a list");
  }
  return value;
}

export function objectOf(value: unknown, member: string): JsonObject {
  if (!isObject(value)) {
    throw malformed(member, "an object");
  }
  return value;
}

export function textOf(value: unknown, member: string): string {
  if (typeof value !== "string") {
    throw malformed(member, "a text");
  }
  return value;
}

/** Members whose value is not undefined. */
export const defined = (members: Record<string, unknown>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

export const numberIn = (body: JsonObject | null, name: string): number => {
  const value = body?.[name];
  return typeof value === "number" ? value : 0;
};

/** The object that is the text of a tool call's arguments; null = it is none. An empty text means no arguments. */
export function argumentsIn(text: string): JsonObject | null {
  if (text.trim() === "") {
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** `data:` addresses (RFC 2397) with Base64, as the OpenAI API takes images and files. */
export function dataUrl(url: string): { mediaType: string; data: string } | null {
  const [, mediaType, data] = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)(?:;[^,;]+)*;base64,(.*)$/is.exec(url) ?? [];
  return mediaType === undefined || data === undefined ? null : { mediaType: mediaType.toLowerCase(), data };
}
