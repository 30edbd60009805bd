/** `openclaw console …`: the way into the console from the machine it runs on. */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { mintSetupLink } from "#server/auth/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { readEnv } from "#server/core/env.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";

export function registerConsole(program: Command, context: CliContext): void {
  const group = program.command("console").description("the browser console");

  group
    .command("link")
    .description("make a new one-time link that signs in to the console; older unused links stop working")
    .option("--json", "print {url, expiresAt}")
    .addHelpText("after", "\nExample:\n  openclaw console link")
    .action(async ({ json }: { json?: boolean }) => {
      const { code, expiresAt } = await withDatabase(context, (db) =>
        mintSetupLink({ db }, { now: systemClock.now() }),
      );
      const url = `${consoleOrigin(context)}/setup#${code}`;
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

function consoleOrigin(context: CliContext): string {
  const { gateway } = loadConfig(context.paths.configFile).config;
  const port = readEnv().OPENCLAW_PORT ?? gateway.port;
  return webOrigin({ bind: gateway.bind, port, tls: gateway.tls.enabled, allowedOrigins: gateway.allowedOrigins })
    .canonical;
}
