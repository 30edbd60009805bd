/** Connections as the database keeps them: settings in the open, secrets sealed and bound to their channel. */
import { Connection, CONNECTION_SECRETS, type ConnectionConfig, type ConnectionSecret } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";

export type Secrets = Partial<Record<ConnectionSecret, string>>;

export interface ConnectionRow {
  channel: string;
  type: string;
  settings: unknown;
  secrets: Uint8Array;
}

const contextOf = (channel: string): string => `channel_connection|secrets|${channel}`;

export const sealSecrets = (keyring: Keyring, channel: string, secrets: Secrets): Buffer =>
  sealValue(keyring, "config", Buffer.from(JSON.stringify(secrets)), contextOf(channel));

/** @throws AppError CANNOT_DECRYPT */
export function openSecrets(keyring: Keyring, { channel, secrets }: ConnectionRow): Secrets {
  const opened: unknown = JSON.parse(openValue(keyring, "config", secrets, contextOf(channel)).toString("utf8"));
  return Object.fromEntries(
    Object.entries(typeof opened === "object" && opened !== null ? opened : {}).filter(
      ([key, value]) => isSecret(key) && typeof value === "string",
    ),
  );
}

export const isSecret = (key: string): key is ConnectionSecret => CONNECTION_SECRETS.some((secret) => secret === key);

/** The whole connection, judged as if it stood in the configuration file. @throws AppError INVALID_INPUT naming the key */
export function connectionOf(settings: unknown, type: string, secrets: Secrets): ConnectionConfig {
  const written = typeof settings === "object" && settings !== null ? settings : {};
  const parsed = Connection.safeParse({ ...written, type, ...secrets });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError(
      "INVALID_INPUT",
      `Connection ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.`,
    );
  }
  return parsed.data;
}

/** Everything that may be shown and recorded; without what is not set. */
export function settingsOf({ type: _, ...connection }: ConnectionConfig): Record<string, string | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(connection).flatMap(([key, value]) => (isSecret(key) || value === undefined ? [] : [[key, value]])),
  );
}
