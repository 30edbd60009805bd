/** Rows of approvals: asked for, read, ended by time. Deciding is in `decide.ts`. */
import { createHash } from "node:crypto";
import { recordEvents, type Collapser } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
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

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

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
