/**
 * Where a caller speaks one API and the provider of the model another. The relay asks for a translator only then; where both speak the same
 * API everything passes as it came. `server/models/translate/index.ts` says which pairs there are:
 * `translatorFor(path: string, provider: ApiType): Translator | null`, null = this pair is not translated and the call is refused (`wrong_api`).
 */
import type { JsonObject } from "#server/models/json.ts";
import type { SseEvent } from "#server/models/sse.ts";

export interface Translator {
  /** What is appended to the provider's base URL, such as `/messages`. */
  path: string;
  /**
   * The caller's request in the provider's words. It is well-formed, counts are within bounds, and it says how long the answer may be where
   * a budget needs that; `model` is already the name that the provider knows. A stream that is to tell its usage has to ask for it here.
   * @throws ModelRefusal (400, `not_translatable`) that names the member which has no counterpart
   */
  request(body: JsonObject): JsonObject;
  /** A whole answer (status 200) in the caller's words. @throws Error when it is none; the call then ends as `provider_broke_off`. */
  response(body: JsonObject): JsonObject;
  /** One stream; used once. */
  stream(): StreamTranslator;
  /** The body of an error in the caller's words. @param text what the provider sent, without its key, perhaps cut or no JSON */
  error(status: number, text: string): string;
}

export interface StreamTranslator {
  /** The events for the caller, each with the blank line that ends it. */
  push(event: SseEvent): string[];
  /** What is still to be said once the provider's stream has ended as a whole. */
  end(): string[];
}
