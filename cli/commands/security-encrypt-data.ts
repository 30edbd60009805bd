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
import { resealDatabase, rewriteTables, type ColumnProgress } from "#server/reseal/index.ts";
import { createRunSeal } from "#server/sandbox/index.ts";

interface Flags {
  dryRun?: boolean;
  rewrite?: boolean;
  json?: boolean;
}

export function registerEncryptData(security: Command, context: CliContext): void {
  security
    .command("encrypt-data")
    .description(
      "seal everything in the database that is under a replaced key, or not encrypted yet; the gateway may go on working",
    )
    .option("--dry-run", "only count them")
    .option(
      "--rewrite",
      "then write the tables anew, so that their files hold nothing old either; everybody waits meanwhile",
    )
    .option("--json", "print {columns, skipped, rewritten}")
    .addHelpText(
      "after",
      `
Runs, conversations, messages of platforms, their connections and contact points with their secrets, authenticators, sessions, approvals.
It can be stopped at any time and run again: what is done is not done twice. Exits with 4 when a value could not be opened; such values stay as they are.
Copies of old rows remain in the write-ahead log until the database recycles it, and in backups made before.

Examples:
  openclaw security encrypt-data --dry-run
  openclaw security rotate-data-key && openclaw security encrypt-data --rewrite`,
    )
    .action(async (flags: Flags) => encryptData(context, flags));
}

/** Milliseconds between two lines of progress. */
const TELL_EVERY_MS = 1_000;
/** The server's own transactions end by themselves long before. */
const PATIENCE_MS = 60_000;
const REWRITE_LIMIT_MS = 3_600_000;

async function encryptData(context: CliContext, { dryRun, rewrite, json }: Flags): Promise<void> {
  const isRehearsal = dryRun === true;
  const isRewritten = rewrite === true && !isRehearsal;
  const { encryption } = loadConfig(context.paths.configFile).config.security;
  const found = await withDatabase(context, async (db) => {
    const keyring = await openOrMakeKeys(context);
    const pool = createPool({
      connectionString: readConnections(context.paths).ownerUrl,
      name: "cli:encrypt-data",
      max: 1,
      statementTimeoutMs: REWRITE_LIMIT_MS,
    });
    const events: AuditEventInput[] = [];
    const record = (event: AuditEventInput): void => void events.push(event);
    const runSeal = createRunSeal({ keyring, encryption: () => encryption, actor: OPERATOR, record });
    const latest = new Map<string, ColumnProgress>();
    const tell = teller(context);
    const onProgress = (progress: ColumnProgress): void => {
      latest.set(progress.column, progress);
      tell(progress);
    };
    const unreadable = (column: string, row: string | null): void => record(unreadableEvent(column, row));
    let outcome: "ok" | "failed" = "failed";
    try {
      if (!isRehearsal) {
        // Before the first change: what is killed in the middle is on record as well.
        await withTx(db, (tx) => recordEvents(tx, [startedEvent()]));
      }
      const resealed = await resealDatabase(
        { pool, keyring, runSeal, encryption, unreadable, onProgress },
        { isRehearsal },
      );
      if (isRewritten) {
        context.err("Writing the tables anew …");
        const onWait = (who: string): void => context.err(`Waiting for what could still read the old text: ${who}`);
        await rewriteTables(pool, { patienceMs: PATIENCE_MS, onWait });
      }
      outcome = "ok";
      return resealed;
    } finally {
      await pool.end();
      events.push(...(isRehearsal ? [] : [doneEvent([...latest.values()], outcome)]));
      await withTx(db, (tx) => recordEvents(tx, events));
    }
  });
  report(context, found, { isRehearsal, isRewritten, json: json === true });
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

const startedEvent = (): AuditEventInput => ({ event: "data.encryption_started", outcome: "ok", actor: OPERATOR });

/** What was done until then, also where it did not come to its end. */
function doneEvent(columns: readonly ColumnProgress[], outcome: "ok" | "failed"): AuditEventInput {
  const total = (of: (column: ColumnProgress) => number): number => columns.reduce((sum, one) => sum + of(one), 0);
  return {
    event: "data.encrypted",
    outcome,
    actor: OPERATOR,
    ...(outcome === "ok" ? {} : { reason: "interrupted" }),
    data: { values: total(({ sealed }) => sealed), unreadable: total(({ unreadable }) => unreadable) },
  };
}

const unreadableEvent = (column: string, row: string | null): AuditEventInput => ({
  event: "data.unreadable",
  outcome: "failed",
  actor: OPERATOR,
  ...(row === null ? {} : { target: row }),
  reason: "cannot_decrypt",
  data: { column },
});

function report(
  context: CliContext,
  { columns, skipped }: { columns: readonly ColumnProgress[]; skipped: readonly string[] },
  { isRehearsal, isRewritten, json }: { isRehearsal: boolean; isRewritten: boolean; json: boolean },
): void {
  if (json) {
    printJson(context, { columns, skipped, rewritten: isRewritten });
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
  if (skipped.length > 0) {
    context.err(
      `Left as they are, since security.encryption.database.enabled is false: ${skipped.join(", ")}. Set it to true to have them encrypted.`,
    );
  }
  if (columns.some(({ unreadable }) => unreadable > 0)) {
    context.err("Values that cannot be opened stay as they are: restore them, or keys/keyring.json, from a backup.");
    context.setExitCode(ERROR_MEANINGS.CANNOT_DECRYPT.cli);
  }
}
