/** Secrets of a contact point as the database keeps them: sealed, and bound to their row. */
import { z } from "zod";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";

const PointSecrets = z.object({
  /** Where a webhook is called: receivers keep secrets in their addresses. */
  url: z.string().optional(),
  /** Signs what is sent. */
  secret: z.string().optional(),
  /** The one before it, for as long as the rotation's grace. */
  previous: z.string().optional(),
  routingKey: z.string().optional(),
  /** Of the mail server. */
  password: z.string().optional(),
});
export type PointSecrets = z.output<typeof PointSecrets>;

const contextOf = (id: string): string => `contact_point|secrets|${id}`;

export const sealPointSecrets = (keyring: Keyring, id: string, secrets: PointSecrets): Uint8Array<ArrayBuffer> =>
  new Uint8Array(sealValue(keyring, "config", Buffer.from(JSON.stringify(secrets)), contextOf(id)));

/** @throws AppError CANNOT_DECRYPT */
export function openPointSecrets(keyring: Keyring, id: string, sealed: Uint8Array): PointSecrets {
  const opened: unknown = JSON.parse(openValue(keyring, "config", sealed, contextOf(id)).toString("utf8"));
  return PointSecrets.parse(opened);
}
