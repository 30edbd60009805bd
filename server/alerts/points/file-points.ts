/**
 * The rows behind the contact points that the configuration file makes. They hold what the file does not: a secret that was made because the
 * file has none, the former secret while a change of it is under way, and that a receiver said it is gone.
 */
import type { Pool, PoolClient } from "pg";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { openPointSecrets, sealPointSecrets, type PointSecrets } from "#server/alerts/points/secrets.ts";
import { ALERTING_PATH } from "#server/alerts/points/resolve.ts";
import { FILE_POINTS, SECRET_GRACE_MS, type PointType } from "#server/alerts/policy.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { newStandardSecret } from "#server/core/crypto/standard-webhooks.ts";

export interface FilePointDeps {
  pool: Pool;
  config: Pick<ConfigStore, "current" | "secret">;
  keyring: Keyring;
}

const NAMES: Record<PointType, string> = { email: "Mail (configuration)", webhook: "Webhook (configuration)" };
const TYPES = Object.keys(FILE_POINTS) as PointType[];

/** Brings the rows in line with the file. May be called by several servers at once. */
export async function syncFilePoints({ pool, config, keyring }: FilePointDeps): Promise<void> {
  const { monitoring } = config.current().config.security;
  const { channels, webhookSecret } = monitoring.alerting;
  const written =
    webhookSecret === undefined ? undefined : config.secret(`${ALERTING_PATH}.webhookSecret`, webhookSecret);
  await inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('contact-points', 0))");
    await client.query("DELETE FROM contact_point WHERE source = 'file' AND NOT type = ANY($1)", [channels]);
    for (const type of TYPES.filter((one) => channels.includes(one))) {
      await syncPoint(client, keyring, type, written);
    }
  });
}

async function syncPoint(
  client: PoolClient,
  keyring: Keyring,
  type: PointType,
  written: string | undefined,
): Promise<void> {
  const id = FILE_POINTS[type];
  const { rows } = await client.query<{ secrets: Uint8Array }>("SELECT secrets FROM contact_point WHERE id = $1", [id]);
  const [row] = rows;
  if (row === undefined) {
    const secrets: PointSecrets = type === "email" ? {} : { secret: written ?? newStandardSecret() };
    await client.query(
      `INSERT INTO contact_point (id, name, type, source, settings, secrets, receives_all, secret_shown_at)
       VALUES ($1, $2, $3, 'file', '{}', $4, true, $5)`,
      [id, NAMES[type], type, sealPointSecrets(keyring, id, secrets), written === undefined ? null : new Date()],
    );
    return;
  }
  const secrets = openPointSecrets(keyring, id, row.secrets);
  if (type === "webhook" && written !== undefined && secrets.secret !== written) {
    const next = { secret: written, ...(secrets.secret === undefined ? {} : { previous: secrets.secret }) };
    await client.query(
      `UPDATE contact_point SET secrets = $2, rotation_ends_at = now() + $3::float8 * interval '1 millisecond', secret_shown_at = now(),
         version = version + 1, updated_at = now() WHERE id = $1`,
      [id, sealPointSecrets(keyring, id, next), SECRET_GRACE_MS],
    );
  }
}

/** Whether the signing secret of a contact point stands in the file, and is changed there. */
export const isSecretWritten = (config: Pick<ConfigStore, "current">, id: string): boolean =>
  id === FILE_POINTS.webhook && config.current().config.security.monitoring.alerting.webhookSecret !== undefined;
