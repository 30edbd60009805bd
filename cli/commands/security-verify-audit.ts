/** `openclaw security verify-audit`: has anybody changed the record? */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { countWaiting, recordFile, verifyRecord } from "#server/audit/index.ts";
import { messageOf } from "#server/core/errors.ts";

const EXIT = { tampered: 2, truncated: 3, unreadable: 4 } as const;

const MEANING = {
  edited: "was changed after it was sealed",
  deleted: "was removed",
  inserted: "was put in without being sealed",
  reordered: "stands in another place than the one it was sealed at",
  truncated: "and all later ones were cut off",
} as const;

export function registerVerifyAudit(security: Command, context: CliContext): void {
  security
    .command("verify-audit")
    .description("check every row of the audit record against its hash chain")
    .option("--key <file>", "file with the verification key, where it is not kept in the home")
    .option("--json", "print the verdict as JSON")
    .addHelpText(
      "after",
      `\nExit code: 0 sound, ${EXIT.tampered} tampered, ${EXIT.truncated} newest rows cut off, ${EXIT.unreadable} cannot be verified` +
        "\n\nExamples:\n  openclaw security verify-audit\n  openclaw security verify-audit --key /media/auditor/audit-verify.json --json",
    )
    .action(async (options: { key?: string; json?: boolean }) => verify(context, options));
}

async function verify(context: CliContext, options: { key?: string; json?: boolean }): Promise<void> {
  const verdict = await readVerdict(context, options.key).catch((error: unknown) => ({ unreadable: messageOf(error) }));
  if ("unreadable" in verdict) {
    context.setExitCode(EXIT.unreadable);
    if (options.json === true) {
      printJson(context, { verdict: "unreadable", message: verdict.unreadable });
    }
    context.err(verdict.unreadable);
  } else if (verdict.sound) {
    const { head, waiting } = verdict;
    if (options.json === true) {
      printJson(context, { verdict: "sound", rows: head.seq, head: head.hash.toString("hex"), waiting });
    } else {
      context.out(`Sound: ${head.seq} rows, each as it was sealed. Head ${head.hash.toString("hex")}`);
      context.out(
        `Waiting for the sealer, not covered by this verdict: ${waiting} ${waiting === 1 ? "batch" : "batches"} of events.`,
      );
    }
  } else {
    context.setExitCode(verdict.kind === "truncated" ? EXIT.truncated : EXIT.tampered);
    if (options.json === true) {
      printJson(context, {
        verdict: verdict.kind === "truncated" ? "truncated" : "tampered",
        kind: verdict.kind,
        seq: verdict.seq,
      });
    } else {
      context.out(
        `Not sound: row ${verdict.seq} ${MEANING[verdict.kind]} (${verdict.kind}). Rows before it are as they were sealed.`,
      );
    }
  }
}

async function readVerdict(context: CliContext, keyFile: string | undefined) {
  const { keysDir } = context.paths;
  const mirrorFile = recordFile(context.paths);
  return withDatabase(context, async (_db, pool) => ({
    ...(await verifyRecord({ db: pool, keysDir, mirrorFile, keyFile })),
    waiting: await countWaiting(pool),
  }));
}
