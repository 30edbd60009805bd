/** Rows of approvals: asked for, read, decided once, ended by time. */
import { createHash } from "node:crypto";
import { recordEvents, type Collapser } from "#server/audit/index.ts";
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import {
  isSameRequest,
  openContent,
  readableText,
  sealContent,
  type ApprovalContent,
} from "#server/approvals/content.ts";
import {
  APPROVAL_LIFETIME_MS,
  type ApprovalDetail,
  type ApprovalState,
  type ApprovalSummary,
  type DecideApproval,
} from "#server/approvals/schema.ts";
import { visible } from "#server/approvals/visible.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Prisma } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";

export interface ApprovalDeps {
  db: Db;
  clock: Clock;
  keyring: Keyring;
  refusals: Collapser;
}

/** What a run was asked for by; enough to decide about it again. */
export interface Requester {
  principal: Prisma.InputJsonObject & { id: string; ownerId: string };
  userId: string | null;
  channel: string;
  conversation: Prisma.InputJsonObject | null;
  requestId: string;
  idempotencyKey: string | undefined;
}

/** Who decides. A person is the requester when any of these is theirs. */
export interface Decider {
  actor: Actor;
  address: string | undefined;
  userId: string | null;
  /** Null: no credential that could have asked, as the operator at the command line. */
  principalId: string | null;
  /** The member behind a console session; null = none. */
  memberId: string | null;
}

/**
 * @param events what was found about its files, recorded with it
 * @returns the id; of a repeated request the one it has already.
 */
export async function askApproval(
  { db, clock, keyring }: ApprovalDeps,
  content: ApprovalContent,
  { principal, userId, channel, conversation, requestId, idempotencyKey }: Requester,
  occasion: Omit<AuditEventInput, "event" | "data">,
  events: readonly AuditEventInput[],
): Promise<{ id: string; sha256: string }> {
  const id = randomId("apr", 8);
  const sealed = sealContent(keyring, id, content);
  const sha256 = hex(sealed.sha256);
  const now = clock.now();
  const { profile, agent, language } = content;
  const row = {
    id,
    ...sealed,
    profile,
    agent,
    language,
    principal,
    principalId: principal.id,
    userId,
    channel,
    requestId,
  };
  try {
    await withTx(db, async (tx) => {
      await tx.runApproval.create({
        data: {
          ...row,
          ...(conversation === null ? {} : { conversation }),
          idempotencyKey: idempotencyKey ?? null,
          createdAt: new Date(now),
          expiresAt: new Date(now + APPROVAL_LIFETIME_MS),
        },
      });
      await recordEvents(tx, [
        { ...occasion, event: "run.approval_asked", target: id, data: { sha256, language, profile, agent } },
        ...events.map((event) => ({ ...event, target: event.target ?? id })),
      ]);
    });
  } catch (error) {
    const where = { principalId: principal.id, idempotencyKey: idempotencyKey ?? "" };
    const known = hasErrorCode(error, "P2002")
      ? await db.runApproval.findUnique({ where: { principalId_idempotencyKey: where } })
      : null;
    if (known === null) {
      throw error;
    }
    if (!isSameRequest(keyring, known, content)) {
      throw new AppError(
        "CONFLICT",
        "This idempotency key was used for something else. Send a new key for a new run.",
        {
          details: { approvalId: known.id },
        },
      );
    }
    return { id: known.id, sha256: hex(known.sha256) };
  }
  return { id, sha256 };
}

/** Newest first. */
export async function listApprovals(
  { db }: Pick<ApprovalDeps, "db">,
  state: ApprovalSummary["state"] | undefined,
): Promise<ApprovalSummary[]> {
  const rows = await db.runApproval.findMany({
    where: state === undefined ? {} : { state },
    omit: { content: true },
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
    take: 200,
  });
  return rows.map(summaryOf);
}

/** @throws AppError NOT_FOUND, CANNOT_DECRYPT */
export async function readApproval(
  { db, keyring }: Pick<ApprovalDeps, "db" | "keyring">,
  id: string,
): Promise<ApprovalDetail> {
  const row = await db.runApproval.findUnique({ where: { id } });
  if (row === null) {
    throw noApproval(id);
  }
  const content = openContent(keyring, row);
  const { model, outputs, files } = content;
  return {
    ...summaryOf(row),
    ...visible(readableText(content)),
    model,
    outputs: outputs.map((path) => visible(path).text),
    files: files.map(({ path, bytes, content }) => ({
      path: visible(path).text,
      bytes,
      sha256: createHash("sha256").update(Buffer.from(content, "base64")).digest("hex"),
    })),
  };
}

/**
 * Of any number of decisions one counts. An approved one is started by the server.
 * @throws AppError NOT_FOUND, FORBIDDEN (one's own), CONFLICT (decided already, expired, another hash than what is stored)
 */
export async function decideApproval(
  deps: ApprovalDeps,
  by: Decider,
  { id, approve, sha256 }: DecideApproval,
): Promise<void> {
  const row = await deps.db.runApproval.findUnique({ where: { id }, omit: { content: true } });
  if (row === null) {
    throw noApproval(id);
  }
  const { ownerId } = row.principal as unknown as Requester["principal"];
  const isOwn =
    (by.userId !== null && by.userId === row.userId) ||
    (by.principalId !== null && by.principalId === row.principalId && !row.principalId.startsWith("channel:")) ||
    (by.memberId !== null && by.memberId === ownerId);
  if (isOwn && approve) {
    throw await refuse(
      deps,
      by,
      id,
      "own_request",
      new AppError("FORBIDDEN", "Nobody approves what they asked for themselves."),
    );
  }
  if (!hex(row.sha256).startsWith(sha256.toLowerCase())) {
    const message = `${id} is not what you read: its hash begins with ${hex(row.sha256).slice(0, 8)}. Read it again.`;
    throw await refuse(deps, by, id, "hash_wrong", new AppError("CONFLICT", message));
  }
  const now = new Date(deps.clock.now());
  const done = await withTx(deps.db, async (tx) => {
    const { count } = await tx.runApproval.updateMany({
      where: { id, state: "pending", expiresAt: { gt: now } },
      data: {
        state: approve ? "approved" : "refused",
        decidedBy: `${by.actor.type}:${by.actor.id}`,
        decidedAt: now,
      },
    });
    if (count === 1) {
      await recordEvents(tx, [
        {
          event: approve ? "run.approval_granted" : "run.approval_denied",
          outcome: "ok",
          actor: by.actor,
          address: by.address,
          target: id,
          userId: row.userId ?? undefined,
          channel: row.channel,
          data: { sha256: hex(row.sha256) },
        },
      ]);
    }
    return count === 1;
  });
  if (!done) {
    const message = `${id} waits no more: it was decided already, or its hour is over.`;
    throw await refuse(deps, by, id, "not_pending", new AppError("CONFLICT", message));
  }
}

/** Ends what nobody decided in time, each on record. @returns their ids */
export async function expireApprovals({ db, clock }: Pick<ApprovalDeps, "db" | "clock">): Promise<string[]> {
  const now = new Date(clock.now());
  return withTx(db, async (tx) => {
    const over = await tx.runApproval.updateManyAndReturn({
      where: { state: "pending", expiresAt: { lte: now } },
      data: { state: "expired", decidedAt: now },
      select: { id: true, userId: true, channel: true },
    });
    await recordEvents(
      tx,
      over.map(({ id, userId, channel }): AuditEventInput => ({
        event: "run.approval_expired",
        outcome: "ok",
        actor: { type: "system", id: "approvals" },
        target: id,
        userId: userId ?? undefined,
        channel,
      })),
    );
    return over.map(({ id }) => id);
  });
}

async function refuse(
  { refusals }: ApprovalDeps,
  { actor, address }: Decider,
  id: string,
  reason: string,
  error: AppError,
): Promise<AppError> {
  await refusals.record(`approval|${actor.id}|${id}|${reason}`, {
    event: "run.approval_rejected",
    outcome: "denied",
    actor,
    address,
    target: id,
    reason,
  });
  return error;
}

type StoredApproval = Omit<Prisma.RunApprovalGetPayload<object>, "content">;

function summaryOf(row: StoredApproval): ApprovalSummary {
  const { id, reason, language, profile, agent, userId, channel, runId, createdAt, expiresAt, decidedBy, decidedAt } =
    row;
  const state = row.state as ApprovalSummary["state"];
  const sha256 = hex(row.sha256);
  return {
    id,
    state,
    reason,
    sha256,
    language,
    profile,
    agent,
    userId,
    channel,
    runId,
    createdAt,
    expiresAt,
    decidedBy,
    decidedAt,
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Where it stands, for whoever asked. @throws AppError NOT_FOUND */
export async function approvalState(
  { db }: Pick<ApprovalDeps, "db">,
  id: string,
): Promise<ApprovalState & { principalId: string }> {
  const row = await db.runApproval.findUnique({ where: { id }, omit: { content: true } });
  if (row === null) {
    throw noApproval(id);
  }
  const { state, reason, runId, createdAt, expiresAt } = summaryOf(row);
  return {
    id,
    state,
    reason,
    runId,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    principalId: row.principalId,
  };
}

export const noApproval = (id: string): AppError => new AppError("NOT_FOUND", `There is no approval ${id}.`);
