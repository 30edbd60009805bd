/** `openclaw security prove-audit`: shows whoever kept an older checkpoint that the record still stands on it, without showing a row. */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { VERIFY_EXIT } from "../verify-audit-text.ts";
import { proveRecord } from "#server/audit/index.ts";

export function registerProveAudit(security: Command, context: CliContext): void {
  security
    .command("prove-audit")
    .description("prove that the record of a newer checkpoint begins with the rows of an older one")
    .requiredOption("--from <file>", "the older checkpoint")
    .option("--to <file>", "the newer checkpoint; default: the newest of the record")
    .addHelpText(
      "after",
      `\nPrints the proof as JSON. Exit code: 0 proven, ${VERIFY_EXIT.tampered} the record does not lead from the one to the other\n\n` +
        "Examples:\n  openclaw security prove-audit --from checkpoint-march.txt > proof.json\n" +
        "  openclaw security verify-audit --proof proof.json --public-key audit-public-key.txt",
    )
    .action(async (options: { from: string; to?: string }) => prove(context, options));
}

async function prove(context: CliContext, { from, to }: { from: string; to?: string }): Promise<void> {
  const proof = await withDatabase(context, (_db, pool) => proveRecord(pool, context.paths.keysDir, { from, to }));
  if (proof === null) {
    context.setExitCode(VERIFY_EXIT.tampered);
    context.err("The record does not lead from the one checkpoint to the other: it was changed. Run verify-audit.");
    return;
  }
  printJson(context, proof);
}
