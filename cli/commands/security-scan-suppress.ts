/** `openclaw security scan suppress`: findings that somebody has decided to live with for a time. */
import { InvalidArgumentError, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { OPERATOR } from "../operator.ts";
import { AppError } from "#server/core/errors.ts";
import { endSuppression, listSuppressions, suppressFinding } from "#server/scan/index.ts";
import { SuppressRequest } from "#server/scan/schema.ts";

export function registerSuppressions(scan: Command, context: CliContext): void {
  scan
    .command("suppress <id>")
    .description("accept the findings of a check for a time; they stay visible, with the reason")
    .requiredOption("--reason <text>", "why they are accepted")
    .requiredOption("--until <day>", "when it ends, at most a year from now: 2027-06-30", day)
    .option("--match <text>", "only findings that hold this text; default: all of the check")
    .option("--json", "print the suppression")
    .addHelpText(
      "after",
      `
Example:
  openclaw security scan suppress tokens.wide --match tok3f9 --reason "break-glass token, in the safe" --until 2027-01-31`,
    )
    .action(
      async (
        checkId: string,
        { json, ...options }: { reason: string; until: Date; match?: string; json?: boolean },
      ) => {
        const request = SuppressRequest.safeParse({ checkId, ...options });
        if (!request.success) {
          const [issue] = request.error.issues;
          throw new AppError(
            "INVALID_INPUT",
            `${issue?.path.join(".") ?? "input"}: ${issue?.message ?? "is not valid"}`,
          );
        }
        const made = await withDatabase(context, (db) => suppressFinding(db, OPERATOR, request.data, new Date()));
        if (json === true) {
          printJson(context, made);
        } else {
          context.out(`${made.id}: ${checkId} is suppressed until ${made.until.toISOString().slice(0, 10)}.`);
        }
      },
    );
  scan
    .command("suppressions")
    .description("those that hold, and those that are over")
    .option("--json", "print a list of {id, checkId, match, reason, until, createdBy, createdAt, live}")
    .action(async ({ json }: { json?: boolean }) => {
      const rows = await withDatabase(context, (db) => listSuppressions(db, new Date()));
      if (json === true) {
        printJson(context, rows);
        return;
      }
      printTable(
        context,
        ["id", "check", "holds", "until", "by", "match", "reason"],
        rows.map(({ id, checkId, live, until, createdBy, match, reason }) =>
          [id, checkId, live ? "yes" : "no", until.toISOString().slice(0, 10), createdBy, match ?? "", reason].map(
            shownName,
          ),
        ),
      );
    });
  scan
    .command("unsuppress <suppression>")
    .description("take a suppression back before its time")
    .action(async (id: string) => {
      await withDatabase(context, (db) => endSuppression(db, OPERATOR, id, new Date()));
      context.out(`${shownName(id)} holds no longer.`);
    });
}

/** The end of that day, UTC. */
function day(written: string): Date {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(written) ? new Date(`${written}T23:59:59.999Z`) : new Date(written);
  if (Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError("Write a day such as 2027-06-30.");
  }
  return at;
}
