/** `openclaw admin …`: members of the console from the machine it runs on, which is also the way back in when everybody is locked out. */
import type { Command } from "commander";
import { consoleOrigin } from "../console-address.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { readPolicy, unlimitedGrantor, type Grantor } from "#server/access/index.ts";
import { awaitSealing } from "#server/audit/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { parseInput } from "#server/core/parse-input.ts";
import {
  disableMember,
  enableMember,
  endMemberSessions,
  inviteMember,
  linkForPassword,
  listMembers,
  memberByEmail,
  resetFactors,
  type MemberDeps,
} from "#server/members/index.ts";
import { InviteMember, type MemberSummary } from "#server/members/schema.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

interface JsonOption {
  json?: boolean;
}

type Deps = MemberDeps & { origin(): Promise<string> };

export function registerAdmin(program: Command, context: CliContext): void {
  const admin = program.command("admin").description("members of the console: who may sign in, and ways back in");
  registerCreate(admin, context);
  registerList(admin, context);
  registerResetPassword(admin, context);

  registerChange(admin, context, {
    name: "reset-mfa",
    description: "take away a member's authenticator, passkeys and recovery codes; the next sign-in enrols anew",
    apply: resetFactors,
    done: (email) => `${email} has no second factor any more, and every session is over. The password stays.`,
  });
  registerChange(admin, context, {
    name: "disable",
    description: "keep a member out: ends every session, and no sign-in works",
    apply: disableMember,
    done: (email) => `${email} is disabled, and every session is over.`,
  });
  registerChange(admin, context, {
    name: "enable",
    description: "let a disabled member sign in again",
    apply: enableMember,
    done: (email) => `${email} may sign in again.`,
  });
  registerChange(admin, context, {
    name: "end-sessions",
    description: "end every session of a member; signing in again works",
    apply: endMemberSessions,
    done: (email, result) => `${result?.ended ?? 0} sessions of ${email} are over.`,
  });
}

function registerCreate(admin: Command, context: CliContext): void {
  admin
    .command("create")
    .description("make a one-time link with which somebody becomes a member")
    .requiredOption("--email <address>", "what the member signs in with")
    .option("--name <name>", "what others see; the member may change it")
    .option("--role <name>", "the member's role", "admin")
    .option("--json", "print {id, url, expiresAt}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw admin create --email ada@example.com
  openclaw admin create --email sam@example.com --name "Sam" --role user`,
    )
    .action(async ({ json, ...typed }: JsonOption & { email: string; name?: string; role: string }) => {
      const invited = parseInput(InviteMember, "Member", typed);
      const link = await asOperator(context, async (deps, operator) => {
        const { path, ...made } = await inviteMember(deps, operator, invited);
        return { ...made, url: `${await deps.origin()}${path}` };
      });
      printLink(
        context,
        link,
        json === true,
        `Works once, until ${link.expiresAt.toISOString()}. Hand it to ${invited.email} only.`,
      );
    });
}

function registerResetPassword(admin: Command, context: CliContext): void {
  admin
    .command("reset-password <email>")
    .description("make a one-time link with which a member chooses a new password; the second factor stays")
    .option("--json", "print {id, url, expiresAt}")
    .addHelpText("after", "\nExample:\n  openclaw admin reset-password ada@example.com")
    .action(async (email: string, { json }: JsonOption) => {
      const link = await asOperator(context, async (deps, operator) => {
        const member = await memberByEmail(deps, email);
        const { path, ...made } = await linkForPassword(deps, operator, member.id);
        return { ...made, url: `${await deps.origin()}${path}` };
      });
      printLink(
        context,
        link,
        json === true,
        `Works once, until ${link.expiresAt.toISOString()}. The old password works until then.`,
      );
    });
}

function printLink(
  context: CliContext,
  { id, url, expiresAt }: { id: string; url: string; expiresAt: Date },
  json: boolean,
  note: string,
): void {
  if (json) {
    printJson(context, { id, url, expiresAt: expiresAt.toISOString() });
    return;
  }
  context.out(url);
  context.err(note);
}

function registerList(admin: Command, context: CliContext): void {
  admin
    .command("list")
    .description("list the members of the console")
    .option("--json", "print a list of {id, email, name, role, state, secondFactors, sessions, lastSignInAt …}")
    .addHelpText("after", "\nExample:\n  openclaw admin list")
    .action(async ({ json }: JsonOption) => {
      const members = await asOperator(context, (deps) => allMembers(deps));
      if (json === true) {
        printJson(context, members);
      } else if (members.length === 0) {
        context.err("Nobody is a member yet. The first administrator comes in by: openclaw console link");
      } else {
        printTable(
          context,
          ["email", "name", "role", "state", "second factor", "sessions", "last sign-in"],
          members.map(({ email, name, role, roleExists, state, secondFactors, sessions, lastSignInAt }) => [
            email,
            name,
            roleExists ? role : `${role} (does not exist)`,
            state,
            secondFactors.join(",") || "none",
            String(sessions),
            lastSignInAt?.toISOString() ?? "never",
          ]),
        );
      }
    });
}

async function allMembers(deps: MemberDeps): Promise<MemberSummary[]> {
  const members: MemberSummary[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await listMembers(deps, cursor === undefined ? {} : { cursor });
    members.push(...page.members);
    cursor = page.nextCursor;
  }
  return members;
}

interface Change {
  name: string;
  description: string;
  apply: (deps: MemberDeps, grantor: Grantor, id: string) => Promise<{ ended: number } | void>;
  done: (email: string, result: { ended: number } | undefined) => string;
}

function registerChange(admin: Command, context: CliContext, { name, description, apply, done }: Change): void {
  admin
    .command(`${name} <email>`)
    .description(description)
    .option("--json", "print {email, ended?}")
    .addHelpText("after", `\nExample:\n  openclaw admin ${name} ada@example.com`)
    .action(async (typed: string, { json }: JsonOption) => {
      const { email, result } = await asOperator(context, async (deps, operator) => {
        const member = await memberByEmail(deps, typed);
        return { email: member.email, result: (await apply(deps, operator, member.id)) ?? undefined };
      });
      if (json === true) {
        printJson(context, { email, ...result });
      } else {
        context.out(done(email, result));
      }
    });
}

/** Runs with the operator's rights, which are all there are, whether or not the web process runs. */
async function asOperator<T>(context: CliContext, work: (deps: Deps, operator: Grantor) => Promise<T>): Promise<T> {
  const configured = configuredPolicy(loadConfig(context.paths.configFile));
  return withDatabase(context, async (db: Db, pool) => {
    await awaitSealing(pool);
    const snapshot = await readPolicy(pool, configured);
    const deps = {
      db,
      clock: systemClock,
      policy: { current: () => snapshot },
      origin: () => consoleOrigin(context, db),
    };
    return work(deps, unlimitedGrantor(OPERATOR));
  });
}
