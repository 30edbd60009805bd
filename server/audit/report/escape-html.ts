/** Text for HTML and SVG, in content and in quoted attributes. Pure. */
import { sanitizeText } from "#server/audit/sanitize.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Longer than any text of a report. */
const NO_LIMIT = 4_096;

export const escapeHtml = (text: string): string =>
  sanitizeText(text, NO_LIMIT).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
