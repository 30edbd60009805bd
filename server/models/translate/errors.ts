/** An error of a provider in the words of the caller's API. Pure. */
import { errorBody } from "#server/models/api-error.ts";
import { isObject, objectIn } from "#server/models/json.ts";
import type { ApiType } from "#server/models/policy.ts";

/** @param text the provider's body: an object with `error` in either API, a list with one (Google), or anything else, which is not passed on */
export function translatedError(api: ApiType, status: number, text: string): string {
  const error = errorIn(text);
  const message =
    typeof error?.["message"] === "string" ? error["message"] : `The model's provider answered ${status}.`;
  const code = [error?.["code"], error?.["type"]].find((value) => typeof value === "string");
  return errorBody(api, status, typeof code === "string" ? code : "provider_error", message);
}

function errorIn(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const body: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return isObject(body) ? objectIn(body, "error") : null;
  } catch {
    return null;
  }
}
