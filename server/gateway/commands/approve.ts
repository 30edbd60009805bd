import { decideApproval, identityOf, listApprovals, readApproval } from "#server/approvals/index.ts";
import { ApprovalId, HASH_DIGITS } from "#server/approvals/schema.ts";
import type { Command, CommandContext, CommandResult } from "#server/gateway/commands/command.ts";
import { AppError } from "#server/core/errors.ts";

/** Reads and decides runs of others. What is approved is named by id and by the beginning of the hash of what was read. */
export const approveCommand: Command = {
  name: "approve",
  permission: "runs:approve",
  usage: "/approve [<id> [<first 8 of the hash>]]",
  summary: "list, read and approve runs that wait for approval",
  execute: (context) => decideOrRead(context, true),
};

export const denyCommand: Command = {
  name: "deny",
  permission: "runs:approve",
  usage: "/deny <id> <first 8 of the hash>",
  summary: "turn down a run that waits for approval",
  execute: (context) => decideOrRead(context, false),
};

async function decideOrRead(context: CommandContext, approve: boolean): Promise<CommandResult> {
  const { services, args } = context;
  const [id, sha256, ...rest] = args
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (id === undefined) {
    return { kind: "text", text: await waiting(context) };
  }
  if (
    !ApprovalId.safeParse(id).success ||
    rest.length > 0 ||
    (sha256 !== undefined && !/^[0-9a-f]{8,64}$/i.test(sha256))
  ) {
    throw new AppError(
      "INVALID_INPUT",
      "text: write /approve, an id such as apr_8m3k0v2r, and the first eight digits of the hash.",
    );
  }
  if (sha256 === undefined) {
    return { kind: "text", text: await shown(context, id) };
  }
  const { principal, userId, received } = context;
  await decideApproval(
    services,
    {
      actor: received.actor,
      address: received.address,
      person: { identity: identityOf(principal, userId, null), policy: services.policy.current() },
    },
    { id, approve, sha256 },
  );
  return { kind: "text", text: approve ? `${id} is approved and starts now.` : `${id} is turned down.` };
}

async function waiting({ services }: CommandContext): Promise<string> {
  const approvals = await listApprovals(services, "pending");
  const lines = approvals
    .slice(0, 20)
    .map(
      ({ id, userId, language, profile, channel }) =>
        `${id}: ${language} in ${profile}, for ${userId ?? "a token"} on ${channel}`,
    );
  return lines.length === 0 ? "No run waits for approval." : ["Read one with /approve <id>:", ...lines].join("\n");
}

async function shown({ services }: CommandContext, id: string): Promise<string> {
  const { state, userId, channel, language, profile, agent, files, outputs, text, hidden, sha256 } = await readApproval(
    services,
    id,
  );
  const hash = sha256.slice(0, HASH_DIGITS);
  return [
    `${id} (${state}): ${language}${agent === null ? "" : ` for @${agent}`} in ${profile}, asked by ${userId ?? "a token"} on ${channel}.`,
    ...files.map((file) => `File ${file.path}, ${file.bytes} bytes, SHA-256 ${file.sha256}`),
    ...outputs.map((path) => `Keeps ${path}`),
    ...(hidden === 0 ? [] : [`Caution: ${hidden} characters that cannot be seen are written out as ⟨U+…⟩.`]),
    "----",
    text,
    "----",
    `To run exactly this: /approve ${id} ${hash}`,
    `To turn it down: /deny ${id} ${hash}`,
  ].join("\n");
}
