/**
 * Every column of the database that holds sealed values. One that is forgotten here would stay under a replaced key: tests compare this list
 * with the schema of the database and with whatever in the source seals something.
 */
import type { SealedColumn } from "#server/reseal/column.ts";
import { RUN_COLUMNS } from "#server/reseal/run-columns.ts";
import { sealedBytes, sealedText, sessionText } from "#server/reseal/vault-columns.ts";

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  ...RUN_COLUMNS,
  sealedBytes({ table: "channel_connection", column: "secrets", key: "channel", purpose: "config" }),
  sealedBytes({ table: "contact_point", column: "secrets", key: "id", purpose: "config" }),
  sealedBytes({ table: "key_rotation", column: "old_sealed", key: "id", purpose: "config" }),
  sealedBytes({ table: "key_rotation", column: "new_sealed", key: "id", purpose: "config" }),
  sealedBytes({ table: "channel_delivery", column: "event", key: "id", purpose: "messages" }),
  sealedBytes({ table: "channel_reply", column: "body", key: "id", purpose: "messages" }),
  sealedBytes({ table: "held_message", column: "body", key: "id", purpose: "database" }),
  // Holds the files of a run as well.
  sealedBytes({ table: "run_approval", column: "content", key: "id", purpose: "database", batch: 2 }),
  sealedText({ table: "member", column: "totp_secret", key: "id", purpose: "database" }),
  sealedText({
    table: "member",
    column: "totp_pending_secret",
    boundAs: "totp_secret",
    key: "id",
    purpose: "database",
  }),
  sealedText({ table: "user_factor", column: "seed", key: "user_id", purpose: "database" }),
  sealedText({ table: "user_factor", column: "pending_seed", boundAs: "seed", key: "user_id", purpose: "database" }),
  sessionText("user_agent"),
  sessionText("address"),
];
