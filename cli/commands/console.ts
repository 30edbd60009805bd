/** `openclaw console …`: the way into the console from the machine it runs on. */
import type { Command } from "commander";
import { z } from "zod";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { awaitSealing } from "#server/audit/index.ts";
import type { AuditEventName } from "#server/audit/events.ts";
import { mintSetupLink } from "#server/auth/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { gatewayOrigin } from "#server/core/http/web-origin.ts";

export function registerConsole(program: Command, context: CliContext): void {
  const group = program.command("console").description("the browser console");

  group
    .command("link")
    .description("make a new one-time link that signs in to the console; older unused links stop working")
    .option("--json", "print {url, expiresAt}")
    .addHelpText("after", "\nExample:\n  openclaw console link")
    .action(async ({ json }: { json?: boolean }) => {
      const { code, expiresAt, port } = await withDatabase(context, async (db, pool) => {
        // The server may have started a moment ago.
        await awaitSealing(pool);
        return { ...(await mintSetupLink({ db }, { now: systemClock.now() })), port: await lastPort(db) };
      });
      const url = `${consoleOrigin(context, port)}/setup#${code}`;
      if (json === true) {
        printJson(context, { url, expiresAt: expiresAt.toISOString() });
        return;
      }
      context.out(url);
      context.err(
        `Works once, until ${expiresAt.toISOString()}. Whoever opens it is signed in as operator: do not pass it on.`,
      );
    });
}

const StartedData = z.object({ port: z.number().int().positive() });

/** The port the server said it listens on when it last started, which `npm start -- --port N` may have chosen. */
async function lastPort(db: Db): Promise<number | null> {
  const event = "system.started" satisfies AuditEventName;
  const started = await db.auditEvent.findFirst({ where: { event }, orderBy: { seq: "desc" }, select: { data: true } });
  const data = StartedData.safeParse(started?.data);
  return data.success ? data.data.port : null;
}

function consoleOrigin(context: CliContext, port: number | null): string {
  const { gateway } = loadConfig(context.paths.configFile).config;
  return gatewayOrigin(gateway, port ?? gateway.port).canonical;
}
