/** Reading of JSON whose shape nobody vouches for. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Each stream ends with a text that is none, and an error that is thrown and caught costs more than reading an event. */
const BEGINS_AN_OBJECT = /^\s*\{/;

/** The object that `text` is, or null. */
export function parseObject(text: string): JsonObject | null {
  if (!BEGINS_AN_OBJECT.test(text)) {
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The member of that name when it is an object. */
export function objectIn(value: JsonObject, name: string): JsonObject | null {
  const member = value[name];
  return isObject(member) ? member : null;
}
