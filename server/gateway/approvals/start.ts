/**
 * Starts what was approved: exactly the stored bytes, with the rights that the requester has at this moment. The approval is the run's
 * idempotency key, so that it is started once however often, and by however many processes, this is tried.
 */
import { answeringAgent, type AnsweringAgent } from "#server/agents/policy.ts";
import { decide } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { openContent, StoredPrincipal, type ApprovalContent } from "#server/approvals/index.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { isAppError } from "#server/core/errors.ts";
import { permissionOf } from "#server/gateway/commands/registry.ts";
import { principalOf } from "#server/gateway/identify.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { listWithout } from "#server/gateway/token-models.ts";
import { providersOf } from "#server/models/policy.ts";
import { requireEngine, submitRun } from "#server/sandbox/index.ts";
import { profilesOfRole } from "#server/sandbox/policy.ts";
import { z } from "zod";

const StoredConversation = z.object({
  senderId: z.string(),
  conversationId: z.string(),
  threadId: z.string().nullable(),
  deliveryId: z.string().nullable(),
});

/** What the requester's conversation hears, when there is one. */
export interface FollowUp {
  approvalId: string;
  channel: string;
  deliveryId: string;
  /** Null: the run that has just been started answers. */
  text: string | null;
}

export type TellRequester = (followUp: FollowUp) => Promise<void>;

type Stored = NonNullable<Awaited<ReturnType<typeof load>>>;
interface Failure {
  reason: string;
  /** For whoever asked, where there is more to say than that they may not. */
  told?: string;
  because?: string | undefined;
}

const load = (services: GatewayServices, id: string) =>
  services.db.runApproval.findFirst({ where: { id, state: "approved" } });

/** Does nothing for one that is not approved, or started already. @throws AppError ENGINE_UNAVAILABLE, STORE_UNAVAILABLE: to be tried again */
export async function startApproved(
  services: GatewayServices,
  id: string,
  tell: TellRequester,
): Promise<string | null> {
  const row = await load(services, id);
  if (row === null) {
    return null;
  }
  const opened = contentOf(services, row);
  const prepared = opened.ok ? prepare(services, row, opened.content) : opened;
  if (!prepared.ok) {
    await fail(services, row, prepared.failure);
    await tellOf(
      row,
      tell,
      `The run you asked for (${id}) was approved and not started: ${prepared.failure.told ?? "you may not run it any more, or it cannot be read"}.`,
    );
    return null;
  }
  await requireEngine(services.db);
  const { content, principal, role } = prepared;
  const { runId } = await submitRun(
    services,
    {
      language: content.language,
      code: content.code,
      profile: content.profile,
      agent: content.agent ?? undefined,
      model: content.model ?? undefined,
      outputs: content.outputs,
      conversationId: content.conversationId ?? undefined,
      history: content.history,
      idempotencyKey: id,
      principalId: principal.id,
      tokenId: principal.tokenId ?? undefined,
      userId: row.userId ?? undefined,
      roleName: role,
      channel: row.channel,
      requestId: row.requestId,
    },
    [{ ...occasionOf(row), event: "run.queued", outcome: "ok", data: queuedFacts(content) }],
    content.files.map(({ path, bytes, content: encoded, reason }) => ({
      path,
      bytes,
      content: Buffer.from(encoded, "base64"),
      verdict: "stored" as const,
      reason,
    })),
  );
  const { count } = await services.db.runApproval.updateMany({
    where: { id, state: "approved" },
    data: { state: "started", runId },
  });
  if (count === 1) {
    await tellOf(row, tell, null);
  }
  return runId;
}

/** Tells whoever asked that nothing will run. Does nothing for one that is neither refused nor expired. */
export async function tellEnd(services: GatewayServices, id: string, tell: TellRequester): Promise<void> {
  const row = await services.db.runApproval.findFirst({ where: { id, state: { in: ["refused", "expired"] } } });
  if (row !== null) {
    const why = row.state === "refused" ? "was turned down" : "was not approved within an hour";
    await tellOf(row, tell, `The run you asked for (${id}) ${why}. Nothing was run.`);
  }
}

function queuedFacts({ language, profile, code, files, agent, model }: ApprovalContent) {
  return {
    language,
    profile,
    bytes: Buffer.byteLength(code),
    files: files.length,
    ...(agent === null ? {} : { agent, model }),
  };
}

function contentOf(
  { keyring }: GatewayServices,
  row: Stored,
): { ok: true; content: ApprovalContent } | { ok: false; failure: Failure } {
  try {
    return { ok: true, content: openContent(keyring, row) };
  } catch (error) {
    if (isAppError(error) && error.code === "CANNOT_DECRYPT") {
      return { ok: false, failure: { reason: "cannot_decrypt" } };
    }
    throw error;
  }
}

type Prepared =
  { ok: true; content: ApprovalContent; principal: Principal; role: string } | { ok: false; failure: Failure };

/** Decides again, about the requester as they are now. */
function prepare(services: GatewayServices, row: Stored, content: ApprovalContent): Prepared {
  const principal = principalNow(services, row);
  if (principal === null) {
    return { ok: false, failure: { reason: "requester_gone" } };
  }
  const { channel, userId } = row;
  const userRole = userId === null ? null : (services.policy.current().users.get(userId)?.role ?? null);
  const lock = services.locks.onMessage(principal, { userId, userRole, channel });
  if (lock !== null) {
    return { ok: false, failure: { reason: "locked", because: lock.id } };
  }
  const request = { channel, command: content.command, permission: permissionOf(content.command), userId };
  const decision = decide(services.policy.current(), principal, request);
  if (!decision.allow) {
    return { ok: false, failure: { reason: decision.code, because: decision.because } };
  }
  const { role } = decision;
  const { config } = services.config.current();
  const { agent, profile } = content;
  if (agent === null) {
    const allowed = profilesOfRole(config.security.sandboxing, role).includes(profile);
    return allowed
      ? { ok: true, content, principal, role }
      : { ok: false, failure: { reason: "profile_not_allowed", because: `security.sandboxing.roles.${role}` } };
  }
  const providers = providersOf(config).map(({ name }) => name);
  const found = answeringAgent(config, providers, { role, agent, profile });
  if (!found.ok) {
    return { ok: false, failure: { reason: found.refusal.code, because: found.refusal.because } };
  }
  const failure = modelFailure(services, principal, content, found.value);
  return failure === null ? { ok: true, content, principal, role } : { ok: false, failure };
}

/** What was approved runs with the model that was approved, or not at all: one that was taken from the agent since is not granted again. */
function modelFailure(
  services: GatewayServices,
  principal: Principal,
  { model }: ApprovalContent,
  now: AnsweringAgent,
): Failure | null {
  if (model !== now.model) {
    const told = `the agent "${now.agent}" does not answer with "${model ?? ""}" any more. Ask again`;
    return { reason: "model_changed", because: `agents.${now.agent}.model`, told };
  }
  const list = listWithout(services, principal, model);
  const told = `the model "${model ?? ""}" is not in the list of models of the token that asked`;
  return list === undefined ? null : { reason: "model_not_granted", because: list.source, told };
}

/** Null: whoever asked is nobody any more. */
function principalNow(services: GatewayServices, row: Stored): Principal | null {
  const { paired, memberId: _, ...stored } = StoredPrincipal.parse(row.principal);
  switch (stored.kind) {
    case "config-token":
      return services.configToken.account() === null ? null : stored;
    case "token": {
      const token = stored.tokenId === null ? undefined : services.tokens.get(stored.tokenId);
      const isLive =
        token !== undefined &&
        token.revokedAt === null &&
        (token.expiresAt === null || token.expiresAt.getTime() > services.clock.now());
      return isLive ? principalOf(token) : null;
    }
    case "channel": {
      const conversation = StoredConversation.safeParse(row.conversation);
      const userId = stored.boundUserId ?? "";
      const senderId = conversation.success ? conversation.data.senderId : "";
      const bound = services.identities.userOf(row.channel, senderId);
      if (services.policy.current().channels.get(row.channel)?.blockedUsers.includes(senderId) === true) {
        return null;
      }
      // Whoever was paired then has to be the same person now.
      if (paired === true && bound !== userId) {
        return null;
      }
      const role = services.policy.current().users.get(userId)?.role ?? stored.role;
      return { ...stored, role, paired: paired === true };
    }
  }
}

async function fail(services: GatewayServices, row: Stored, { reason, because }: Failure): Promise<void> {
  await withTx(services.db, async (tx) => {
    const { count } = await tx.runApproval.updateMany({
      where: { id: row.id, state: "approved" },
      data: { state: "failed", reason },
    });
    if (count === 1) {
      await recordEvents(tx, [
        { ...occasionOf(row), event: "run.approval_failed", outcome: "failed", target: row.id, reason, because },
      ]);
    }
  });
}

function occasionOf({
  principal,
  userId,
  channel,
  requestId,
}: Stored): Pick<AuditEventInput, "actor" | "userId" | "channel" | "requestId"> {
  const { kind, id } = StoredPrincipal.parse(principal);
  const actor =
    kind === "channel" && userId !== null ? { type: "user" as const, id: userId } : { type: "token" as const, id };
  return { actor, userId: userId ?? undefined, channel, requestId };
}

async function tellOf(row: Stored, tell: TellRequester, text: string | null): Promise<void> {
  const conversation = StoredConversation.safeParse(row.conversation);
  if (conversation.success && conversation.data.deliveryId !== null) {
    await tell({ approvalId: row.id, channel: row.channel, deliveryId: conversation.data.deliveryId, text });
  }
}
