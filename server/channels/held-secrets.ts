/** The secrets of connections as what watches and rotates keys needs them: listed, replaced one by one, and tried before they count. */
import { createAdapter } from "#server/channels/adapters/index.ts";
import {
  connectionOf,
  isSecret,
  openSecrets,
  sealSecrets,
  type ConnectionRow,
} from "#server/channels/connection-rows.ts";
import { CONNECTIONS_CHANGED, fileConnections } from "#server/channels/connections.ts";
import { channelHttp } from "#server/channels/http.ts";
import { resolveConnection } from "#server/channels/resolve-connection.ts";
import { lockConnection } from "#server/channels/save-connection.ts";
import type { Probed } from "#server/channels/test-connection.ts";
import type { ConfigStore, ConnectionConfig, ConnectionSecret } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { privateAllowance } from "#server/core/net/outbound-policy.ts";
import { openOutgoing } from "#server/core/net/outgoing.ts";

export interface HeldConnection {
  channel: string;
  owner: "file" | "database";
  connection: ConnectionConfig;
}

interface HeldDeps {
  config: Pick<ConfigStore, "current" | "secret">;
  keyring: Keyring;
}

/** Those of the file, and those of the database that the file does not name; one that cannot be opened is left out. */
export async function heldConnections(deps: HeldDeps & { db: Db | Tx | null }): Promise<HeldConnection[]> {
  const inFile = fileConnections(deps.config);
  const rows =
    deps.db === null
      ? []
      : await deps.db.channelConnection.findMany({
          select: { channel: true, type: true, settings: true, secrets: true },
        });
  const stored = rows
    .filter(({ channel }) => !inFile.has(channel))
    .flatMap((row): HeldConnection[] => {
      const connection = tryOpen(deps.keyring, row);
      return connection === null ? [] : [{ channel: row.channel, owner: "database", connection }];
    });
  return [
    ...[...inFile].map(([channel, connection]): HeldConnection => ({ channel, owner: "file", connection })),
    ...stored,
  ];
}

function tryOpen(keyring: Keyring, row: ConnectionRow): ConnectionConfig | null {
  try {
    return connectionOf(row.settings, row.type, openSecrets(keyring, row));
  } catch {
    return null;
  }
}

/** Replaces one secret of a stored connection inside the caller's transaction; those who run are told. @throws AppError NOT_FOUND, INVALID_INPUT */
export async function replaceStoredSecret(
  tx: Tx,
  keyring: Keyring,
  { channel, key, value }: { channel: string; key: ConnectionSecret; value: string },
): Promise<void> {
  const row = await lockConnection(tx, channel);
  if (row === null) {
    throw new AppError("NOT_FOUND", `Channel "${channel}" has no connection in the database.`);
  }
  const secrets = { ...openSecrets(keyring, row), [key]: value };
  connectionOf(row.settings, row.type, secrets);
  const sealed = new Uint8Array(sealSecrets(keyring, channel, secrets));
  await tx.channelConnection.update({ where: { channel }, data: { secrets: sealed } });
  await announceConnections(tx);
}

/** For changes beside the rows, such as a secret whose grace begins or ends. */
export const announceConnections = (tx: Tx): Promise<number> =>
  tx.$executeRaw`SELECT pg_notify(${CONNECTIONS_CHANGED}, '')`;

/** Asks the platform who we are, with another secret than the one in use. Refuses nothing by itself. */
export async function probeWithSecret(
  { config }: Pick<HeldDeps, "config">,
  { channel, owner, connection }: HeldConnection,
  key: ConnectionSecret,
  value: string,
): Promise<Probed> {
  const resolved = { ...resolveConnection(config, channel, connection), [key]: value };
  const { allowedPrivate } = config.current().config.security.outbound;
  const urls = owner === "file" ? [resolved.apiBase, resolved.replyUrl].filter((url) => url !== undefined) : [];
  const outgoing = openOutgoing({ allowsPrivate: privateAllowance(allowedPrivate, urls) });
  try {
    return await createAdapter(resolved).probe(channelHttp(outgoing.dispatcher));
  } catch (error) {
    return { ok: false, reason: messageOf(error) };
  } finally {
    await outgoing.close();
  }
}

/** Names of the secrets that a connection holds, with what is written. */
export const secretsOf = (connection: ConnectionConfig): [ConnectionSecret, string][] =>
  Object.entries(connection).flatMap(([key, value]): [ConnectionSecret, string][] =>
    isSecret(key) && typeof value === "string" ? [[key, value]] : [],
  );

/** Whether a secret can be used as it is. @throws AppError NOT_CONFIGURED, INVALID_INPUT naming what is wrong with it */
export function assertUsable(
  { config }: Pick<HeldDeps, "config">,
  { channel, connection }: HeldConnection,
  key: ConnectionSecret,
  value: string,
): void {
  createAdapter({ ...resolveConnection(config, channel, connection), [key]: value });
}
