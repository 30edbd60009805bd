/** `openclaw gateway revoke-token`. */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { systemClock } from "#server/core/clock.ts";
import { revokeFamily, revokeToken } from "#server/tokens/index.ts";

interface RevokeOptions {
  reason: string;
  family?: boolean;
  json?: boolean;
}

export function registerRevokeToken(gateway: Command, context: CliContext): void {
  gateway
    .command("revoke-token <id>")
    .description("end a token at once, everywhere")
    .option("--reason <text>", "why, for the record", "revoked from the command line")
    .option("--family", "also all tokens it came from and that came from it by rotation and refresh")
    .option("--json", "print {id, revoked}: the ids that ended now")
    .addHelpText(
      "after",
      `
Examples:
  openclaw gateway revoke-token 3kq9x0f2m7ab --reason 'laptop lost'
  openclaw gateway revoke-token 3kq9x0f2m7ab --family`,
    )
    .action(async (id: string, options: RevokeOptions) => revoke(context, id, options));
}

async function revoke(context: CliContext, id: string, { reason, family, json }: RevokeOptions): Promise<void> {
  const revoked = await withDatabase(context, async (db) => {
    const deps = { db, clock: systemClock };
    if (family === true) {
      return revokeFamily(deps, OPERATOR, id, { reason });
    }
    return (await revokeToken(deps, OPERATOR, id, { reason })) ? [id] : [];
  });
  if (json === true) {
    printJson(context, { id, revoked });
    return;
  }
  const count = revoked.length;
  if (family === true) {
    context.out(
      count === 0
        ? `The family of token ${id} was revoked before.`
        : `Revoked ${count} of the family: ${revoked.join(", ")}.`,
    );
  } else {
    context.out(count === 0 ? `Token ${id} was revoked before.` : `Token ${id} is revoked.`);
  }
}
