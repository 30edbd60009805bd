/** `openclaw users …`: authenticators of people who write from messaging platforms. */
import type { Command } from "commander";
import { policyNow, type ListOptions } from "../access-edit.ts";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openOrMakeKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import { createCollapser, recordEvents } from "#server/audit/index.ts";
import { openAttemptStore } from "#server/auth/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { createLogger } from "#server/core/log.ts";
import {
  beginUserFactor,
  confirmUserFactor,
  createUserFactorSeal,
  removeUserFactor,
  type EnrolDeps,
} from "#server/step-up/index.ts";

interface EnrolOptions extends ListOptions {
  code?: string;
}

const operator = unlimitedGrantor(OPERATOR);

export function registerUserFactors(program: Command, context: CliContext): void {
  const users = program.command("users").description("authenticators of people who write from messaging platforms");

  users
    .command("enrol-totp <user>")
    .description("set up an authenticator for a user: first without --code, then with a code it shows")
    .option("--code <digits>", "a code of the authenticator that was set up, which makes it count")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  openclaw users enrol-totp ana\n  openclaw users enrol-totp ana --code 123456")
    .action(async (userId: string, { code, json }: EnrolOptions) => {
      if (code === undefined) {
        await begin(context, userId, json === true);
        return;
      }
      await withFactors(context, (deps) => confirmUserFactor(deps, operator, { userId, code, address: "local" }));
      if (json === true) {
        printJson(context, { enrolled: userId });
      } else {
        context.out(`The authenticator of user ${userId} counts from now on.`);
      }
    });

  users
    .command("remove-totp <user>")
    .description("take a user's authenticator away; commands that ask for a code are refused then")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  openclaw users remove-totp ana")
    .action(async (userId: string, { json }: ListOptions) => {
      await withFactors(context, (deps) => removeUserFactor(deps, operator, userId));
      if (json === true) {
        printJson(context, { removed: userId });
      } else {
        context.out(`User ${userId} has no authenticator any more.`);
      }
    });
}

async function begin(context: CliContext, userId: string, json: boolean): Promise<void> {
  const enrolment = await withFactors(context, (deps) => beginUserFactor(deps, operator, userId));
  if (json) {
    printJson(context, enrolment);
    return;
  }
  const { toString } = await import("qrcode");
  context.out(enrolment.uri);
  context.err(await toString(enrolment.uri, { type: "utf8" }));
  context.err(`Key for typing: ${enrolment.secret}`);
  context.err(`Then confirm with a code it shows: openclaw users enrol-totp ${userId} --code <digits>`);
}

async function withFactors<T>(context: CliContext, work: (deps: EnrolDeps) => Promise<T>): Promise<T> {
  const policy = await policyNow(context);
  const keyring = await openOrMakeKeys(context);
  return withDatabase(context, async (db, pool) => {
    const attempts = await openAttemptStore({ pool, clock: systemClock, log: createLogger("cli") });
    const refusals = createCollapser({ append: (events) => withTx(db, (tx) => recordEvents(tx, events)) });
    try {
      return await work({
        db,
        clock: systemClock,
        policy,
        userFactorSeal: createUserFactorSeal(keyring),
        attempts,
        refusals,
      });
    } finally {
      await attempts.close();
    }
  });
}
