/** A token that was just made, for the one dialog that shows its secret. */
import { formatUtc } from "#components/shared/format.ts";

export interface NewSecret {
  token: string;
  title: string;
  description: string;
}

export const endText = (expiresAt: Date | null): string =>
  expiresAt === null ? "It never expires." : `It ends ${formatUtc(expiresAt)}.`;
