/** What the adapters share in reading a proven body: JSON of any shape, ids, names to show. Nothing here throws on what a platform sends. */
import { z } from "zod";
import type { HookAnswer, Reading } from "#server/channels/adapter.ts";

/** An id of a platform: printable ASCII without spaces. Anything else is no id, and its event is not acted on. */
export const platformId = z.string().regex(/^[!-~]{1,200}$/);

/** The value of a JSON body; undefined when it is no JSON, or not in UTF-8. */
export function readJson(body: Buffer): unknown {
  const text = readText(body);
  if (text === undefined) {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The text of a body; undefined when it is not in UTF-8. */
export function readText(body: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** At most `max` UTF-16 units of a text, without half a character and without NUL. */
export function clip(text: string, max: number): string {
  const cut = text.slice(0, max);
  const isHalf = cut.length < text.length && /[\uD800-\uDBFF]$/.test(cut);
  return (isHalf ? cut.slice(0, -1) : cut).toWellFormed().replaceAll("\0", "\uFFFD");
}

/** A name to show; null when there is none. */
export function shownName(name: string | null | undefined): string | null {
  const shown = clip(name ?? "", 200).trim();
  return shown === "" ? null : shown;
}

/** A media type as the platform gives it; null when it gives none. */
export function mediaTypeOf(given: string | null | undefined): string | null {
  return typeof given === "string" ? clip(given, 255) : null;
}

/** What a text asks for: a slash in front makes it a command. */
export const kindOf = (text: string): "message" | "command" =>
  text.trimStart().startsWith("/") ? "command" : "message";

/** A number of bytes as the platform gives it; null when it gives none. */
export const byteCount = z.int().min(0).nullish().catch(null);

/** Longest text that an event may carry (UTF-16 units); more than any of these platforms lets people write. */
export const MAX_TEXT = 100_000;

/** Taken, and there is nothing to say yet. */
export const TAKEN: HookAnswer = { status: 200, contentType: "text/plain; charset=utf-8", body: "" };

export const jsonAnswer = (value: unknown): HookAnswer => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(value),
});

/** Proven, and nothing in it is for us. */
export const nothing = (answer: HookAnswer = TAKEN): Reading => ({ kind: "events", events: [], answer });

export const malformed = (message: string): Reading => ({ kind: "malformed", message });
