/**
 * The holder of a token exchanges it for another one: refresh (a new full lifetime) or rotation (the old end stays).
 * Threat: a stolen token. Holder and thief cannot both exchange it unnoticed: the second exchange proves that two have it, and ends the whole
 * family (RFC 9700, section 4.14.2, refresh token rotation). A repeated request with the same key is told from that: it gets the same answer.
 */
import { randomBytes } from "node:crypto";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { newTokenId } from "#server/core/ids.ts";
import { shownModels } from "#server/models/policy.ts";
import type { ReplacementToken, RequestFacts, TokenDeps } from "#server/tokens/deps.ts";
import { endOf, isUsable, lifetimeOf, tokenState } from "#server/tokens/policy.ts";
import { lockToken, replaceToken, type TokenRow } from "#server/tokens/replace.ts";
import { endFamily } from "#server/tokens/revoke-token.ts";
import {
  derivedTokenSecret,
  hashRetryKey,
  hashToken,
  newTokenSecret,
  type TokenSecret,
} from "#server/tokens/secret.ts";

/** An answer is given again for this long. */
const REPEAT_WINDOW_MS = 10 * 60_000;

export interface ExchangeRequest {
  kind: "refresh" | "rotate";
  tokenId: string;
  /** The presented token, whose secret has been found right. */
  text: string;
  graceMs: number;
  /** The caller's key of this request (`Idempotency-Key`). */
  retryKey: string | undefined;
  facts: RequestFacts;
}

/** `reused`: exchanged before, so two hold it; its family has been ended and that is on record. */
type ExchangeRejection = "unknown" | "revoked" | "expired" | "reused";
export type Exchanged = { ok: true; token: ReplacementToken } | { ok: false; reason: ExchangeRejection };

type Outcome =
  | { kind: "issued"; expiresAt: Date | null; graceEndsAt: Date }
  | { kind: "repeated"; successor: TokenRow; graceEndsAt: Date }
  | { kind: "rejected"; reason: ExchangeRejection };

/** @throws AppError INVALID_INPUT (refresh of a token that does not expire), CONFLICT (replaced by somebody else, or answered too long ago). */
export async function exchangeToken(deps: Omit<TokenDeps, "policy">, request: ExchangeRequest): Promise<Exchanged> {
  const { key, id: pepperId } = deps.pepper;
  const { tokenId, retryKey } = request;
  const now = deps.clock.now();
  const secret = secretFor(deps, request, newTokenId());
  const secretHash = hashToken(key, secret.text);
  // Without a key of the caller's: the hash of one that nobody has. It marks a successor that the holder itself asked for.
  const retryKeyHash = hashRetryKey(key, tokenId, retryKey ?? randomBytes(32).toString("base64url"));

  const outcome = await withTx(deps.db, async (tx): Promise<Outcome> => {
    const old = await lockToken(tx, tokenId);
    if (old === null) {
      return { kind: "rejected", reason: "unknown" };
    }
    const state = tokenState(old, now);
    if (state === "revoked") {
      return { kind: "rejected", reason: "revoked" };
    }
    if (old.successorId !== null) {
      return replacedBefore(tx, { old, successorId: old.successorId, retryKeyHash, request, now });
    }
    if (!isUsable(state)) {
      return { kind: "rejected", reason: "expired" };
    }
    const expiresAt = request.kind === "refresh" ? refreshedEnd(old, now) : old.expiresAt;
    const { graceMs } = request;
    const { lifetimeMs } = old;
    const replacement = { secret, secretHash, pepperId, now, graceMs, expiresAt, lifetimeMs, retryKeyHash };
    const graceEndsAt = await replaceToken(tx, old, replacement);
    await recordExchange(tx, request, {
      successor: secret.id,
      graceEndsAt,
      expiresAt,
      models: shownModels(old.models),
      repeated: false,
    });
    return { kind: "issued", expiresAt, graceEndsAt };
  });

  if (outcome.kind === "rejected") {
    return { ok: false, reason: outcome.reason };
  }
  if (outcome.kind === "issued") {
    const { expiresAt, graceEndsAt } = outcome;
    return { ok: true, token: { id: secret.id, token: secret.text, expiresAt, replaces: tokenId, graceEndsAt } };
  }
  return { ok: true, token: answerAgain(deps, request, outcome) };
}

/** Random, or with a key such that the same request gets the same secret. */
function secretFor(deps: Omit<TokenDeps, "policy">, request: ExchangeRequest, id: string): TokenSecret {
  const entropyBytes = deps.settings.tokenLength;
  const { text: replaces, retryKey: key } = request;
  return key === undefined
    ? newTokenSecret(entropyBytes)
    : derivedTokenSecret(deps.pepper.key, id, { replaces, key, entropyBytes });
}

function refreshedEnd(token: TokenRow, now: number): Date {
  const end = endOf(lifetimeOf(token), now, null);
  if (end === null) {
    throw new AppError("INVALID_INPUT", `Token "${token.id}" does not expire: rotate it instead.`, {
      details: { reason: "does_not_expire" },
    });
  }
  return end;
}

interface ReplacedBefore {
  old: TokenRow;
  successorId: string;
  retryKeyHash: Uint8Array;
  request: ExchangeRequest;
  now: number;
}

/** The same request once more, a token that its operator has replaced, or a token in two hands. */
async function replacedBefore(
  tx: Tx,
  { old, successorId, retryKeyHash, request, now }: ReplacedBefore,
): Promise<Outcome> {
  const successor = await tx.token.findUniqueOrThrow({ where: { id: successorId } });
  const graceEndsAt = old.expiresAt ?? new Date(now);
  if (successor.retryKeyHash === null) {
    // The holder was never given the successor, so asking proves no theft; ending the family would undo the operator's rotation.
    if (graceEndsAt.getTime() <= now) {
      return { kind: "rejected", reason: "expired" };
    }
    throw new AppError(
      "CONFLICT",
      `This token was replaced by "${successorId}" and ends ${graceEndsAt.toISOString()}. Ask whoever rotated it for the new one.`,
      { details: { reason: "superseded", successorId } },
    );
  }
  if (sameBytes(successor.retryKeyHash, retryKeyHash)) {
    const age = now - (old.supersededAt?.getTime() ?? 0);
    if (age > REPEAT_WINDOW_MS || tokenState(successor, now) !== "active") {
      throw answeredBefore(successorId);
    }
    const { expiresAt } = successor;
    const models = shownModels(successor.models);
    await recordExchange(tx, request, { successor: successorId, graceEndsAt, expiresAt, models, repeated: true });
    return { kind: "repeated", successor, graceEndsAt };
  }
  const ended = await endFamily(tx, old.familyId, "reuse detected", now);
  await recordEvents(tx, [
    {
      ...request.facts,
      event: "token.reuse_detected",
      outcome: "denied",
      actor: holderOf(request),
      target: old.familyId,
      reason: "exchanged_twice",
      data: { token: old.id, successor: successorId, revoked: ended.length },
    },
  ]);
  return { kind: "rejected", reason: "reused" };
}

/** The secret is put together again, not stored; other settings since then would make another one. */
function answerAgain(
  deps: Omit<TokenDeps, "policy">,
  request: ExchangeRequest,
  { successor, graceEndsAt }: Outcome & { kind: "repeated" },
): ReplacementToken {
  const { text } = secretFor(deps, request, successor.id);
  if (!sameBytes(hashToken(deps.pepper.key, text), successor.secretHash)) {
    throw answeredBefore(successor.id);
  }
  const { id, expiresAt } = successor;
  return { id, token: text, expiresAt, replaces: request.tokenId, graceEndsAt };
}

const answeredBefore = (successorId: string): AppError =>
  new AppError(
    "CONFLICT",
    `This request was answered with token "${successorId}" before, and the answer cannot be given again. Use that token, or ask an operator for a new one.`,
    { details: { reason: "answered_before", successorId } },
  );

const holderOf = ({ tokenId }: ExchangeRequest): Actor => ({ type: "token", id: tokenId });

async function recordExchange(
  tx: Tx,
  request: ExchangeRequest,
  facts: { successor: string; graceEndsAt: Date; expiresAt: Date | null; models: string[] | null; repeated: boolean },
): Promise<void> {
  await recordEvents(tx, [
    {
      ...request.facts,
      event: request.kind === "refresh" ? "token.refreshed" : "token.rotated",
      outcome: "ok",
      actor: holderOf(request),
      target: request.tokenId,
      data: {
        ...facts,
        graceEndsAt: facts.graceEndsAt.toISOString(),
        expiresAt: facts.expiresAt?.toISOString() ?? null,
      },
    },
  ]);
}
