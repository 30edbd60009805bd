/** What a text is told by: of the whole, since the short hash of the store could be met on purpose. */
import { hash } from "node:crypto";

export const fullHash = (text: string): string => hash("sha256", text);
