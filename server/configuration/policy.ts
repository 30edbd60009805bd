/** Limits and names of the configuration's editor. Pure, browser-safe. */

/** Characters of a text in the editor; a request has to hold it twice over. */
export const MAX_TEXT = 400_000;

/** When a version came into force, and the beginning of its hash. */
export const VERSION_ID = /^\d{8}T\d{9}Z-[0-9a-f]{12}$/;

/** The nearest line for a key path: its own, or that of the section it would stand in; undefined when neither is there. */
export function lineOfPath(places: readonly { path: string; line: number }[], wanted: string): number | undefined {
  let best: { path: string; line: number } | undefined;
  for (const place of places) {
    const covers =
      wanted === place.path || (wanted.startsWith(place.path) && /[.[]/.test(wanted.charAt(place.path.length)));
    if (covers && (best === undefined || place.path.length > best.path.length)) {
      best = place;
    }
  }
  return best?.line;
}
