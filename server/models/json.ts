/** Reading of JSON whose shape nobody vouches for. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object that `text` is, or null. */
export function parseObject(text: string): JsonObject | null {
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
