/** Really restores a backup, into a database and a folder that are made for it and gone afterwards, and compares what came back. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { verifyRecord } from "#server/audit/index.ts";
import type { OpenArchive } from "#server/backups/archive.ts";
import { openKeyringCopy } from "#server/backups/keyring-copy.ts";
import { readTable } from "#server/backups/read-table.ts";
import { beginTables } from "#server/backups/restore/database.ts";
import { KEYRING_NAME } from "#server/backups/restore/plan-keys.ts";
import { surveyArchive, type Survey } from "#server/backups/restore/survey.ts";
import { createRowDigest } from "#server/backups/row-digest.ts";
import type { TableFacts } from "#server/backups/schema.ts";
import { connectOwner, readTables } from "#server/backups/tables.ts";
import { refuseOtherVersion } from "#server/backups/versions.ts";
import { loadConfig } from "#server/config/index.ts";
import { startCluster } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate, newestMigration } from "#server/core/db/migrate.ts";
import { createPool } from "#server/core/db/pool.ts";
import { AppError } from "#server/core/errors.ts";
import { VERSION } from "#server/version.ts";

interface VerifyOptions {
  /** For messages. */
  name: string;
  /** Folder for the keys and files while they are tried; it is private. */
  scratchDir: string;
  onProgress?: (text: string) => void;
}

/**
 * @returns one sentence per check that was passed.
 * @throws AppError for the first that was not.
 */
export async function tryRestore(archive: OpenArchive, options: VerifyOptions): Promise<string[]> {
  const { name, scratchDir, onProgress = () => undefined } = options;
  onProgress("reading the archive");
  const survey = await surveyArchive(archive, name);
  refuseOtherVersion(survey.header, { version: VERSION, schema: newestMigration() }, name, true);
  mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
  const home = mkdtempSync(join(scratchDir, "backup-"));
  try {
    onProgress("starting a database");
    return await withScratchDatabase(async (client, ownerUrl) => {
      await restoreAll(archive, client, home, onProgress);
      onProgress("comparing");
      const notes = ["The archive is complete and as it was written."];
      notes.push(await compareTables(client, survey));
      notes.push(checkConfig(survey));
      notes.push(await checkKeyring(survey, home));
      notes.push(...(await checkRecord(client, ownerUrl, { survey, home })));
      return notes;
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function withScratchDatabase<T>(work: (client: Client, ownerUrl: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-verify-"));
  try {
    const cluster = await startCluster({
      layout: folderClusterLayout(folder),
      ownerPassword: randomBytes(16).toString("hex"),
      durable: false,
    });
    try {
      await migrate(cluster.ownerUrl());
      const client = await connectOwner(cluster.ownerUrl());
      try {
        return await work(client, cluster.ownerUrl());
      } finally {
        await client.end();
      }
    } finally {
      await cluster.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function restoreAll(
  archive: OpenArchive,
  client: Client,
  home: string,
  onProgress: (text: string) => void,
): Promise<void> {
  await client.query("BEGIN");
  const tables = await beginTables(client, await readTables(client), true);
  for await (const { head, content } of archive.entries()) {
    if (head.type === "table") {
      onProgress(`table ${head.name}`);
      await tables.add(head, content);
    } else {
      mkdirSync(join(home, head.area), { recursive: true, mode: 0o700 });
      const handle = await open(join(home, head.area, head.name), "wx", 0o600);
      try {
        for await (const chunk of content) {
          await handle.write(chunk);
        }
      } finally {
        await handle.close();
      }
    }
  }
  await client.query("COMMIT");
}

async function compareTables(client: Client, { manifest, name }: Survey): Promise<string> {
  const tables = await readTables(client);
  const wanted = manifest.entries.filter((entry): entry is TableFacts => entry.type === "table");
  let rows = 0;
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  for (const facts of wanted) {
    const table = tables.find((known) => known.name === facts.name);
    const found = createRowDigest();
    // In the columns of the backup, and in their order.
    const columns = facts.columns.flatMap(
      (wantedName) => table?.columns.find((column) => column.name === wantedName) ?? [],
    );
    for await (const lines of readTable(client, { name: facts.name, columns })) {
      lines.forEach((line) => found.add(line));
    }
    if (found.count() !== facts.rows || found.digest() !== facts.digest) {
      throw new AppError(
        "CANNOT_DECRYPT",
        `The table ${facts.name} of ${name} came back with ${found.count()} rows that are not the ${facts.rows} it was made from.`,
      );
    }
    rows += facts.rows;
  }
  await client.query("ROLLBACK");
  return `${wanted.length} tables with ${rows} rows came back as they were.`;
}

function checkConfig({ config, name }: Survey): string {
  if (config === null) {
    return "There was no configuration file: every setting had its default.";
  }
  const { refusals } = loadConfig(`${name} (configuration)`, { text: config.toString("utf8") });
  return refusals.length === 0
    ? "The configuration loads."
    : `The configuration loads, but a start on this machine would refuse ${refusals.map(({ path }) => path).join(", ")}.`;
}

async function checkKeyring({ keys, master }: Survey, home: string): Promise<string> {
  const content = keys.get(KEYRING_NAME);
  if (content === undefined) {
    return "It holds no keys.";
  }
  const count = await openKeyringCopy(home, content, master);
  return `The master secret opens the keyring with its ${count} keys.`;
}

async function checkRecord(
  client: Client,
  ownerUrl: string,
  { survey: { header, manifest, keys, name }, home }: { survey: Survey; home: string },
): Promise<string[]> {
  if (header.kind !== "full") {
    return [];
  }
  const { rows } = await client.query<{ seq: string | null }>("SELECT max(seq)::text AS seq FROM audit_event");
  const seq = Number(rows[0]?.seq ?? 0);
  if (seq !== (manifest.audit?.seq ?? 0)) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `The record of ${name} ends at row ${seq}, not at row ${manifest.audit?.seq ?? 0}.`,
    );
  }
  const files = manifest.entries.filter((entry) => entry.type === "file" && entry.area === "quarantine");
  const counted = `${files.length} files of the quarantine came back.`;
  if (!keys.has("audit-verify.json") && !keys.has("audit-public-key.txt")) {
    return [counted, "The record was not verified: there is no key for that in the backup."];
  }
  const pool = createPool({ connectionString: ownerUrl, name: "backup", max: 1, statementTimeoutMs: 0 });
  try {
    const keysDir = join(home, "keys");
    const verdict = await verifyRecord({ db: pool, keysDir, mirrorFile: join(home, "no-mirror"), keyring: null });
    if (!verdict.sound) {
      throw new AppError("CANNOT_DECRYPT", `The record of ${name} is not sound: row ${verdict.seq} (${verdict.kind}).`);
    }
  } finally {
    await pool.end();
  }
  return [counted, `The record is sound up to row ${seq}.`];
}
