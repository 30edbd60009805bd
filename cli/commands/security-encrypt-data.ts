/** `openclaw security encrypt-data`: brings what is stored to the encryption that the configuration asks for now. */
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openOrMakeKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { loadConfig } from "#server/config/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { createPool } from "#server/core/db/pool.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { createRunSeal, resealRuns, type ColumnProgress } from "#server/sandbox/index.ts";

interface Flags {
  dryRun?: boolean;
  rewrite?: boolean;
  json?: boolean;
}

export function registerEncryptData(security: Command, context: CliContext): void {
  security
    .command("encrypt-data")
    .description("encrypt stored runs that are not, or that are under a replaced key; the gateway may go on working")
    .option("--dry-run", "only count them")
    .option("--rewrite", "then write the tables anew, so that their files hold no old text either; runs wait meanwhile")
    .option("--json", "print {columns, rewritten}")
    .addHelpText(
      "after",
      `
It can be stopped at any time and run again. Exits with 4 when a value could not be opened; such values stay as they are.
Copies of old rows remain in the write-ahead log until the database recycles it, and in backups made before.

Examples:
  openclaw security encrypt-data --dry-run
  openclaw security rotate-data-key && openclaw security encrypt-data --rewrite`,
    )
    .action(async (flags: Flags) => encryptData(context, flags));
}

/** Milliseconds between two lines of progress. */
const TELL_EVERY_MS = 1_000;
const TABLES = ["run", "run_event", "run_file"];
const REWRITE_LIMIT_MS = 3_600_000;

async function encryptData(context: CliContext, { dryRun, rewrite, json }: Flags): Promise<void> {
  const isRehearsal = dryRun === true;
  const { encryption } = loadConfig(context.paths.configFile).config.security;
  const columns = await withDatabase(context, async (db) => {
    const keyring = await openOrMakeKeys(context);
    const pool = createPool({
      connectionString: readConnections(context.paths).ownerUrl,
      name: "cli:encrypt-data",
      max: 1,
      statementTimeoutMs: REWRITE_LIMIT_MS,
    });
    const events: AuditEventInput[] = [];
    const runSeal = createRunSeal({
      keyring,
      encryption: () => encryption,
      actor: OPERATOR,
      record: (event) => void events.push(event),
    });
    try {
      const found = await resealRuns(
        { pool, keyring, runSeal, encryption, onProgress: teller(context) },
        { isRehearsal },
      );
      if (rewrite === true && !isRehearsal) {
        context.err("Writing the tables anew …");
        await pool.query(`VACUUM (FULL) ${TABLES.join(", ")}`);
      }
      events.push(...(isRehearsal ? [] : [doneEvent(found)]));
      return found;
    } finally {
      await pool.end();
      await withTx(db, (tx) => recordEvents(tx, events));
    }
  });
  report(context, columns, { isRehearsal, isRewritten: rewrite === true && !isRehearsal, json: json === true });
}

/** Says from time to time how far it is. */
function teller(context: CliContext): (progress: ColumnProgress) => void {
  let toldAt = performance.now();
  return ({ column, seen, sealed }) => {
    if (performance.now() - toldAt >= TELL_EVERY_MS) {
      toldAt = performance.now();
      context.err(`${column}: ${seen} looked at, ${sealed} to encrypt`);
    }
  };
}

function doneEvent(columns: readonly ColumnProgress[]): AuditEventInput {
  const total = (of: (column: ColumnProgress) => number): number => columns.reduce((sum, one) => sum + of(one), 0);
  return {
    event: "data.encrypted",
    outcome: "ok",
    actor: OPERATOR,
    data: { values: total(({ sealed }) => sealed), unreadable: total(({ unreadable }) => unreadable) },
  };
}

function report(
  context: CliContext,
  columns: readonly ColumnProgress[],
  { isRehearsal, isRewritten, json }: { isRehearsal: boolean; isRewritten: boolean; json: boolean },
): void {
  if (json) {
    printJson(context, { columns, rewritten: isRewritten });
  } else {
    printTable(
      context,
      ["column", "values", isRehearsal ? "to encrypt" : "encrypted", "unreadable"],
      columns.map(({ column, seen, sealed, unreadable }) => [
        column,
        String(seen),
        String(sealed),
        isRehearsal ? "-" : String(unreadable),
      ]),
    );
  }
  if (columns.some(({ unreadable }) => unreadable > 0)) {
    context.err("Values that cannot be opened stay as they are: restore them, or keys/keyring.json, from a backup.");
    context.setExitCode(ERROR_MEANINGS.CANNOT_DECRYPT.cli);
  }
}
