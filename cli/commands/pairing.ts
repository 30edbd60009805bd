/** `openclaw pairing …`: senders of messaging platforms and who they are here. */
import type { Command } from "commander";
import { editAsOperator, type ListOptions } from "../access-edit.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import { createCollapser, recordEvents } from "#server/audit/index.ts";
import { openAttemptStore } from "#server/auth/index.ts";
import {
  approvePairing,
  listIdentities,
  listPairings,
  refusePairing,
  removeIdentity,
  type Approver,
  type PairingDeps,
} from "#server/channels/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { createLogger } from "#server/core/log.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { loadPepper } from "#server/tokens/index.ts";

interface ApproveOptions extends ListOptions {
  user: string;
  role?: string;
}

interface IdentityOptions extends ListOptions {
  channel?: string;
  user?: string;
}

const JSON_OPTION = ["--json", "print JSON"] as const;

export function registerPairing(program: Command, context: CliContext): void {
  const pairing = program.command("pairing").description("people who write from messaging platforms");

  pairing
    .command("list [channel]")
    .description("list the pairing requests that wait; their codes are known to the senders only")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  openclaw pairing list telegram")
    .action(async (channel: string | undefined, { json }: ListOptions) => list(context, channel, json === true));

  pairing
    .command("approve <channel> <code>")
    .description("make the sender who holds the code a user of the gateway")
    .requiredOption("--user <id>", "who the sender is from now on")
    .option("--role <name>", "role of a user who has no record yet")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  openclaw pairing approve telegram 7QKXM2PA --user ana --role user")
    .action(async (channel: string, code: string, { user, role, json }: ApproveOptions) => {
      const input = { channel, code, userId: user, role };
      const paired = await asApprover(context, (deps, approver) => approvePairing(deps, approver, input));
      if (json === true) {
        printJson(context, paired);
      } else {
        context.out(`Sender ${paired.senderId} of ${channel} is user ${paired.userId} now, with role ${paired.role}.`);
      }
    });

  pairing
    .command("refuse <channel> <request>")
    .description("turn a request down, named by its id or its code; its sender is not told")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  openclaw pairing refuse telegram par_8m3k…")
    .action(async (channel: string, request: string, { json }: ListOptions) => {
      const refused = await asApprover(context, (deps, approver) =>
        refusePairing(deps, approver, { channel, request }),
      );
      if (json === true) {
        printJson(context, refused);
      } else {
        context.out(`The request of sender ${refused.senderId} on ${channel} is refused.`);
      }
    });

  pairing
    .command("identities")
    .description("list the senders that are users here")
    .option("--channel <name>", "only of this channel")
    .option("--user <id>", "only of this user")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  openclaw pairing identities --user ana")
    .action(async (options: IdentityOptions) => identities(context, options));

  pairing
    .command("remove <channel> <sender>")
    .description("make a sender a stranger again, by its id on the platform")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  openclaw pairing remove telegram 123456789")
    .action(async (channel: string, senderId: string, { json }: ListOptions) => {
      const removed = await editAsOperator(context, (deps, operator) =>
        removeIdentity(deps, operator, { channel, senderId }),
      );
      if (json === true) {
        printJson(context, removed);
      } else {
        context.out(`Sender ${senderId} of ${channel} is user ${removed.userId} no more.`);
      }
    });
}

async function list(context: CliContext, channel: string | undefined, json: boolean): Promise<void> {
  const { requests } = await withDatabase(context, (db) => listPairings({ db, clock: systemClock }, { channel }));
  if (json) {
    printJson(context, requests);
  } else if (requests.length === 0) {
    context.err("No pairing request is open.");
  } else {
    printTable(
      context,
      ["id", "channel", "sender", "calls themselves", "ends"],
      requests.map(({ id, channel: on, senderId, label, expiresAt }) => [
        id,
        on,
        senderId,
        plain(label),
        expiresAt.toISOString(),
      ]),
    );
  }
}

async function identities(context: CliContext, { channel, user, json }: IdentityOptions): Promise<void> {
  const found = await withDatabase(context, async (db) => {
    const all = [];
    for (let after = undefined as { channel: string; senderId: string } | undefined; ;) {
      const page = await listIdentities(db, { channel, userId: user, after, limit: 200 });
      all.push(...page.identities);
      if (page.next === null) {
        return all;
      }
      after = page.next;
    }
  });
  if (json === true) {
    printJson(context, found);
  } else if (found.length === 0) {
    context.err("No sender is a user here. Approve one with: openclaw pairing approve <channel> <code> --user <id>");
  } else {
    printTable(
      context,
      ["channel", "sender", "user", "called themselves", "approved by", "since"],
      found.map(({ channel: on, senderId, userId, label, approvedBy, createdAt }) => [
        on,
        senderId,
        userId,
        plain(label),
        approvedBy,
        createdAt.toISOString(),
      ]),
    );
  }
}

/** A name somebody gave themselves, without what would move the cursor or hide text on a terminal. */
const plain = (label: string | null): string => (label ?? "-").replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");

/** With the operator's rights; wrong codes count as they do in the console. */
async function asApprover<T>(
  context: CliContext,
  decide: (deps: PairingDeps, approver: Approver) => Promise<T>,
): Promise<T> {
  const { configFile } = context.paths;
  const configured = configuredPolicy(loadConfig(configFile));
  return withDatabase(context, async (db, pool) => {
    const attempts = await openAttemptStore({ pool, clock: systemClock, log: createLogger("cli") });
    const refusals = createCollapser({ append: (events) => withTx(db, (tx) => recordEvents(tx, events)) });
    const pepper = loadPepper(context.paths);
    try {
      return await decide(
        { db, clock: systemClock, configured, configFile, pepper, attempts, refusals },
        { grantor: unlimitedGrantor(OPERATOR), address: "local" },
      );
    } finally {
      await attempts.close();
    }
  });
}
