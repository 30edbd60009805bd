/**
 * Makes or changes a connection in the database. Threats: a secret that is sent to another address than it was entered for; a reference that
 * makes the server give away a variable of its environment; a role above that of whoever gives it.
 */
import { z } from "zod";
import { refuseRoleBeyond, type Grantor } from "#server/access/index.ts";
import type { PolicyStore } from "#server/access/index.ts";
import { ChannelName } from "#server/access/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import {
  connectionOf,
  openSecrets,
  sealSecrets,
  settingsOf,
  type ConnectionRow,
  type Secrets,
} from "#server/channels/connection-rows.ts";
import { CONNECTIONS_CHANGED, fileConnections } from "#server/channels/connections.ts";
import { CHANNEL_TYPES } from "#server/channels/schema.ts";
import { CONNECTION_SECRETS, referencesOf, type ConfigStore } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

export interface ConnectionEditDeps {
  db: Db;
  config: Pick<ConfigStore, "current">;
  paths: { configFile: string };
  keyring: Keyring;
  policy: Pick<PolicyStore, "current">;
}

export const SaveConnection = z.strictObject({
  channel: ChannelName,
  type: z.enum(CHANNEL_TYPES),
  /** Everything that is no secret, as in `channels.*.connection`; what is left out gets its default. */
  settings: z.record(
    z.string().max(40),
    z.union([z.string().max(2048), z.boolean(), z.array(z.string().max(255)).max(1000)]),
  ),
  /** Those that are new or change; the others stay. */
  secrets: z.partialRecord(z.enum(CONNECTION_SECRETS), z.string().trim().min(1, "must not be blank").max(8192)),
});
export type SaveConnection = z.input<typeof SaveConnection>;

/**
 * @param mayRefer whether a secret may be a `${NAME}` of the server's environment: for who owns the machine, not for the console
 * @throws AppError INVALID_INPUT, CONFLICT (the file owns this channel's connection), FORBIDDEN (beyond the grantor)
 */
export async function saveConnection(
  deps: ConnectionEditDeps,
  grantor: Grantor,
  input: SaveConnection,
  { mayRefer }: { mayRefer: boolean },
): Promise<{ channel: string; created: boolean }> {
  const { channel, type, settings, secrets: given } = parseInput(SaveConnection, "Connection", input);
  refuseOwnedByFile(deps, channel);
  const reference = Object.entries(given).find(([, value]) => referencesOf(value).length > 0);
  if (reference !== undefined && !mayRefer) {
    throw new AppError(
      "INVALID_INPUT",
      `Connection secrets.${reference[0]}: a reference to the server's environment can be given on its own command line or in its configuration file only. Enter the secret itself.`,
    );
  }
  return withTx(deps.db, async (tx) => {
    const before = await lockConnection(tx, channel);
    const kept = before?.type === type ? openSecrets(deps.keyring, before) : {};
    const secrets: Secrets = { ...kept, ...given };
    const connection = connectionOf(settings, type, secrets);
    refuseRoleBeyond(deps.policy.current(), grantor, connection.role);
    refuseMovedSecrets(before, connection.apiBase, kept, given);
    const stored = settingsOf(connection);
    const row = { type, settings: stored, secrets: new Uint8Array(sealSecrets(deps.keyring, channel, secrets)) };
    await tx.channelConnection.upsert({ where: { channel }, create: { channel, ...row }, update: row });
    await announce(tx);
    await recordEvents(tx, [
      {
        event: "channel.connection_saved",
        outcome: "ok",
        actor: grantor.actor,
        target: channel,
        data: {
          type,
          before: before === null ? null : plainSettings(before),
          after: stored,
          secrets: Object.keys(given).sort(),
        },
      },
    ]);
    return { channel, created: before === null };
  });
}

/** @throws AppError NOT_FOUND, CONFLICT */
export async function removeConnection(deps: ConnectionEditDeps, grantor: Grantor, channel: string): Promise<void> {
  refuseOwnedByFile(deps, channel);
  await withTx(deps.db, async (tx) => {
    const before = await lockConnection(tx, channel);
    if (before === null) {
      throw new AppError("NOT_FOUND", `Channel "${channel}" has no connection in the database.`);
    }
    await tx.channelConnection.delete({ where: { channel } });
    await announce(tx);
    await recordEvents(tx, [
      {
        event: "channel.connection_removed",
        outcome: "ok",
        actor: grantor.actor,
        target: channel,
        data: { type: before.type, before: plainSettings(before) },
      },
    ]);
  });
}

function refuseOwnedByFile({ config, paths }: Pick<ConnectionEditDeps, "config" | "paths">, channel: string): void {
  if (fileConnections(config).has(channel)) {
    throw new AppError(
      "CONFLICT",
      `channels.${channel}.connection is written in ${paths.configFile}: change it there, or remove it from the file to keep it in the database.`,
    );
  }
}

/** Stored secrets go to the address they were entered for and to no other. */
function refuseMovedSecrets(
  before: ConnectionRow | null,
  apiBase: string | undefined,
  kept: Secrets,
  given: Secrets,
): void {
  const missing = Object.keys(kept).find((key) => !(key in given));
  if (before !== null && missing !== undefined && (plainSettings(before)["apiBase"] ?? null) !== (apiBase ?? null)) {
    throw new AppError(
      "INVALID_INPUT",
      `Connection apiBase: it changes, so its secrets have to be entered again (${missing} is missing).`,
    );
  }
}

type PlainSettings = Record<string, string | boolean | string[]>;

const plainSettings = ({ settings }: ConnectionRow): PlainSettings => settings as PlainSettings;

export async function lockConnection(tx: Tx, channel: string): Promise<ConnectionRow | null> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('channel-connection', 0))`;
  return tx.channelConnection.findUnique({
    where: { channel },
    select: { channel: true, type: true, settings: true, secrets: true },
  });
}

const announce = (tx: Tx): Promise<number> => tx.$executeRaw`SELECT pg_notify(${CONNECTIONS_CHANGED}, '')`;
