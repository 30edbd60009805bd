/**
 * Messages that wait for their sender's code. What is executed after a right code is the message that was held, sealed and hashed when it
 * came: nothing that is said later changes it. A code is good once, wrong ones are counted for the person wherever they write, and no code
 * is stored, logged or recorded.
 */
import { createHash } from "node:crypto";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { totpStepOf, type Attempt, type AttemptLimiter } from "#server/auth/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { randomId } from "#server/core/ids.ts";
import type { UserFactorSeal } from "#server/step-up/factor-seal.ts";
import { HELD_MS } from "#server/step-up/policy.ts";

/** Where a sender writes, by the platform's ids. */
export interface Whereabouts {
  channel: string;
  senderId: string;
  conversationId: string;
  threadId: string | null;
}

export interface Held {
  id: string;
  userId: string;
  command: string;
  /** The message as it was handed to `hold`. */
  message: unknown;
}

type CodeFault = "locked_out" | "code_wrong" | "no_factor" | "message_gone";
type Confirmation = { ok: true } | { ok: false; reason: CodeFault; waitSeconds: number };

/** What goes on record beside the fact itself. */
type Occasion = Pick<AuditEventInput, "actor" | "userId" | "channel" | "address" | "requestId">;

export interface StepUp {
  hasFactor(userId: string): Promise<boolean>;
  /** Keeps `message` until its code comes; one that waited in the same place before is forgotten. */
  hold(at: Whereabouts, message: Omit<Held, "id">, occasion: Occasion): Promise<void>;
  /** What waits there, of this user; null = nothing. @throws AppError CANNOT_DECRYPT for a row that was changed. */
  held(at: Whereabouts, userId: string): Promise<Held | null>;
  /** Takes the message out of waiting when the code is right: of any number of parallel calls one gets `ok`. */
  confirm(at: Whereabouts, held: Held, code: string, occasion: Occasion): Promise<Confirmation>;
  /** Whether this sender gave a right code within the last `withinMs`. */
  isProven(at: Whereabouts, userId: string, withinMs: number): Promise<boolean>;
}

interface StepUpDeps {
  db: Db;
  clock: Clock;
  keyring: Keyring;
  factorSeal: UserFactorSeal;
  attempts: AttemptLimiter;
}

export function createStepUp({ db, clock, keyring, factorSeal, attempts }: StepUpDeps): StepUp {
  const keyOf = ({ channel, senderId, conversationId, threadId }: Whereabouts) => ({
    channel,
    senderId,
    conversationId,
    threadId: threadId ?? "",
  });
  const contextOf = (id: string): string => `held_message|body|${id}`;

  return {
    async hasFactor(userId) {
      const factor = await db.userFactor.findUnique({ where: { userId }, select: { seed: true } });
      return (factor?.seed ?? null) !== null;
    },
    async hold(at, { userId, command, message }, occasion) {
      const id = randomId("hld");
      const json = Buffer.from(JSON.stringify(message), "utf8");
      const now = clock.now();
      const row = {
        id,
        userId,
        command,
        body: new Uint8Array(sealValue(keyring, "database", json, contextOf(id))),
        sha256: digest(json),
        createdAt: new Date(now),
        expiresAt: new Date(now + HELD_MS),
      };
      const key = keyOf(at);
      await withTx(db, async (tx) => {
        await tx.heldMessage.deleteMany({ where: { expiresAt: { lte: new Date(now) } } });
        await tx.heldMessage.upsert({
          where: { channel_senderId_conversationId_threadId: key },
          create: { ...key, ...row },
          update: row,
        });
        await recordEvents(tx, [
          { ...occasion, event: "message.code_asked", outcome: "ok", target: id, data: { command } },
        ]);
      });
    },
    async held(at, userId) {
      const row = await db.heldMessage.findUnique({
        where: { channel_senderId_conversationId_threadId: keyOf(at) },
      });
      if (row === null || row.userId !== userId || row.expiresAt.getTime() <= clock.now()) {
        return null;
      }
      const json = openValue(keyring, "database", row.body, contextOf(row.id));
      if (!sameBytes(digest(json), row.sha256)) {
        return null;
      }
      return { id: row.id, userId, command: row.command, message: JSON.parse(json.toString("utf8")) };
    },
    async confirm(at, { id, userId, command }, code, occasion) {
      const attempt: Attempt = { kind: "totp", address: `${at.channel}:${at.senderId}`, account: `user:${userId}` };
      const waitMs = attempts.waitMs(attempt);
      if (waitMs > 0) {
        return { ok: false, reason: "locked_out", waitSeconds: Math.ceil(waitMs / 1000) };
      }
      const factor = await db.userFactor.findUnique({ where: { userId }, select: { seed: true, lastStep: true } });
      const stored = factor?.seed ?? null;
      if (factor === null || stored === null) {
        return { ok: false, reason: "no_factor", waitSeconds: 0 };
      }
      const now = clock.now();
      const step = totpStepOf(factorSeal.openSeed(userId, stored), code, now, factor.lastStep);
      if (step === null) {
        attempts.failed(attempt);
        return { ok: false, reason: "code_wrong", waitSeconds: 0 };
      }
      const reason = await withTx(db, async (tx): Promise<CodeFault | null> => {
        const { count: used } = await tx.userFactor.updateMany({
          where: { userId, seed: stored, OR: [{ lastStep: null }, { lastStep: { lt: step } }] },
          data: { lastStep: step },
        });
        if (used !== 1) {
          return "code_wrong";
        }
        const { count: taken } = await tx.heldMessage.deleteMany({ where: { id, expiresAt: { gt: new Date(now) } } });
        if (taken !== 1) {
          return "message_gone";
        }
        const { channel, senderId } = at;
        const proof = { userId, provenAt: new Date(now) };
        await tx.senderProof.upsert({
          where: { channel_senderId: { channel, senderId } },
          create: { channel, senderId, ...proof },
          update: proof,
        });
        await recordEvents(tx, [
          { ...occasion, event: "message.code_accepted", outcome: "ok", target: id, data: { command } },
        ]);
        return null;
      });
      if (reason === null) {
        attempts.succeeded(attempt);
        return { ok: true };
      }
      return { ok: false, reason, waitSeconds: 0 };
    },
    async isProven({ channel, senderId }, userId, withinMs) {
      if (withinMs <= 0) {
        return false;
      }
      const proof = await db.senderProof.findUnique({ where: { channel_senderId: { channel, senderId } } });
      return proof?.userId === userId && proof.provenAt.getTime() > clock.now() - withinMs;
    },
  };
}

const digest = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(bytes).digest());
