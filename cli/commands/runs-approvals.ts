/** `openclaw runs approvals|approve|refuse`: runs that wait until somebody has read them. */
import type { Command } from "commander";
import type { ListOptions } from "../access-edit.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openExistingKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { decideApproval, listApprovals, readApproval, type ApprovalDeps } from "#server/approvals/index.ts";
import { DecideApproval, HASH_DIGITS } from "#server/approvals/schema.ts";
import { createCollapser, recordEvents } from "#server/audit/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { parseInput } from "#server/core/parse-input.ts";

/** Whoever owns the machine is nobody's requester. */
const BY_OPERATOR = { actor: OPERATOR, address: undefined, person: null } as const;

export function registerApprovals(runs: Command, context: CliContext): void {
  runs
    .command("approvals")
    .description("list the runs that wait for approval")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  openclaw runs approvals")
    .action(async ({ json }: ListOptions) => list(context, json === true));

  runs
    .command("approve <id> [hash]")
    .description("show what would run and its hash; with the first eight digits of the hash, approve exactly that")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw runs approve apr_8m3k0v2r\n  openclaw runs approve apr_8m3k0v2r 1f0c9a7e",
    )
    .action(async (id: string, hash: string | undefined) =>
      hash === undefined ? show(context, id) : decide(context, { id, sha256: hash, approve: true }),
    );

  runs
    .command("refuse <id> <hash>")
    .description("turn down a run that waits for approval")
    .addHelpText("after", "\nExample:\n  openclaw runs refuse apr_8m3k0v2r 1f0c9a7e")
    .action(async (id: string, hash: string) => decide(context, { id, sha256: hash, approve: false }));
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const waiting = await withDatabase(context, (db) => listApprovals({ db }, "pending"));
  if (json) {
    printJson(context, waiting);
  } else if (waiting.length === 0) {
    context.err("No run waits for approval.");
  } else {
    printTable(
      context,
      ["id", "language", "profile", "user", "channel", "until"],
      waiting.map(({ id, language, profile, userId, channel, expiresAt }) => [
        id,
        language,
        profile,
        userId ?? "-",
        channel,
        expiresAt.toISOString(),
      ]),
    );
  }
}

async function show(context: CliContext, id: string): Promise<void> {
  const { text, hidden, sha256, files, state } = await withApprovals(context, (deps) => readApproval(deps, id));
  context.out(text);
  for (const file of files) {
    context.err(`File ${file.path}, ${file.bytes} bytes, SHA-256 ${file.sha256}`);
  }
  if (hidden > 0) {
    context.err(`Caution: ${hidden} characters that cannot be seen are written out as ⟨U+…⟩.`);
  }
  context.err(`State: ${state}. To run exactly this: openclaw runs approve ${id} ${sha256.slice(0, HASH_DIGITS)}`);
}

async function decide(context: CliContext, input: DecideApproval): Promise<void> {
  const decision = parseInput(DecideApproval, "Approval", input);
  await withApprovals(context, (deps) => decideApproval(deps, BY_OPERATOR, decision));
  context.out(
    decision.approve ? `${decision.id} is approved; the server starts it.` : `${decision.id} is turned down.`,
  );
}

async function withApprovals<T>(context: CliContext, work: (deps: ApprovalDeps) => Promise<T>): Promise<T> {
  const keyring = await openExistingKeys(context);
  return withDatabase(context, (db) => {
    const refusals = createCollapser({ append: (events) => withTx(db, (tx) => recordEvents(tx, events)) });
    return work({ db, clock: systemClock, keyring, refusals });
  });
}
