/** `openclaw console …`: the way into the console from the machine it runs on. */
import type { Command } from "commander";
import { consoleOrigin } from "../console-address.ts";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { awaitSealing } from "#server/audit/index.ts";
import { mintSetupLink } from "#server/auth/index.ts";
import { systemClock } from "#server/core/clock.ts";

export function registerConsole(program: Command, context: CliContext): void {
  const group = program.command("console").description("the browser console");

  group
    .command("link")
    .description("make a new one-time link for the first administrator; refused once the console has members")
    .option("--json", "print {url, expiresAt}")
    .addHelpText(
      "after",
      "\nExample:\n  openclaw console link\n\nOnce there are members: openclaw admin create --email <address>",
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { url, expiresAt } = await withDatabase(context, async (db, pool) => {
        // The server may have started a moment ago.
        await awaitSealing(pool);
        const link = await mintSetupLink({ db }, { now: systemClock.now() });
        return { ...link, url: `${await consoleOrigin(context, db)}/setup#${link.code}` };
      });
      if (json === true) {
        printJson(context, { url, expiresAt: expiresAt.toISOString() });
        return;
      }
      context.out(url);
      context.err(
        `Works once, until ${expiresAt.toISOString()}. Whoever opens it becomes the first administrator: do not pass it on.`,
      );
    });
}
