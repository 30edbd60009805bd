/**
 * `npm run db:migration NAME`: writes the migration that leads from the existing ones to the schema files, worked out on a scratch
 * database. Read it before it is committed, and add what Prisma cannot know: grants, triggers, data.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { draftMigration, EMPTY_MIGRATION, migrate } from "#server/core/db/migrate.ts";

const name = process.argv[2] ?? "";
if (!/^[a-z][a-z0-9_]*$/.test(name)) {
  process.stderr.write("Give the migration a name in lower_snake_case: npm run db:migration add_alert_rules\n");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "openclaw-migration-"));
const cluster = await startCluster({
  layout: folderClusterLayout(folder),
  ownerPassword: randomBytes(16).toString("hex"),
  durable: false,
});
try {
  await migrate(cluster.ownerUrl());
  const sql = (await draftMigration(cluster.ownerUrl())).trim();
  if (sql === EMPTY_MIGRATION) {
    process.stdout.write("The migrations and the schema agree: nothing to write.\n");
  } else {
    const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
    const target = join(import.meta.dirname, "migrations", `${stamp}_${name}`);
    mkdirSync(target);
    writeFileSync(join(target, "migration.sql"), `${sql}\n`);
    process.stdout.write(`${join(target, "migration.sql")}\n`);
  }
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}
