/** A question to the policy from the console: who asked what, and the answer, are on record before it is given. */
import type { z } from "zod";
import type { ExplainRequest, PolicySnapshot } from "#server/access/schema.ts";
import type { AuditWriter } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { locateInConfig } from "#server/config/index.ts";
import { COMMANDS } from "#server/gateway/commands/registry.ts";
import { explainCommand, explainUnknownSender } from "#server/gateway/explain-command.ts";
import { askedSender } from "#server/gateway/explain-sender.ts";
import type { LocatedAnswer, PolicyChoices } from "#server/gateway/schema.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

type Services = Pick<GatewayServices, "db" | "clock" | "policy" | "config" | "paths"> & {
  audit: Pick<AuditWriter, "append">;
};

/** Names offered to choose from. */
const MOST = 500;

/** @throws AppError INVALID_INPUT when the question names nobody. */
export async function explainToMember(
  { db, clock, policy, config, paths, audit }: Services,
  actor: Actor,
  { address, requestId }: { address: string; requestId: string },
  question: ExplainRequest,
): Promise<z.infer<typeof LocatedAnswer>> {
  const { user, channel, command, token, role } = question;
  const snapshot = policy.current();
  const sender = await askedSender(db, snapshot, question, clock.now());
  const { rateLimit } = config.current().config.security;
  const answer =
    "code" in sender
      ? explainUnknownSender(sender)
      : explainCommand(snapshot, rateLimit, sender, { channel, command, userId: user ?? null });
  await audit.append([
    {
      event: "policy.explained",
      outcome: "ok",
      actor,
      address,
      requestId,
      userId: user,
      channel,
      reason: answer.code,
      because: answer.because,
      data: { command, token: token ?? null, role: role ?? null },
    },
  ]);
  const place = locateInConfig(paths.configFile, answer.because);
  const file = place === undefined ? null : `${paths.configFile}:${place.line}:${place.column}`;
  return { ...answer, file };
}

export function policyChoices({ roles, channels }: PolicySnapshot): z.infer<typeof PolicyChoices> {
  const named = [...roles.values()].flatMap((role) => role.channels.filter((name) => name !== "*"));
  return {
    roles: [...roles.keys()].sort().slice(0, MOST),
    channels: [...new Set([...channels.keys(), ...named, "api"])].sort().slice(0, MOST),
    commands: COMMANDS.map(({ name }) => name),
  };
}
