/** Deciding on a pairing request: guesses of its code are counted, and every decision that fails is on record before it is told. */
import type { Grantor, PolicyEditDeps } from "#server/access/index.ts";
import { recordEvents, type Collapser } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Attempt, AttemptLimiter } from "#server/auth/index.ts";
import { pairingCodeHash } from "#server/channels/pairing/code.ts";
import { expireRequests, lockChannel } from "#server/channels/pairing/requests.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { Pepper } from "#server/tokens/index.ts";

export interface PairingDeps extends PolicyEditDeps {
  pepper: Pepper;
  attempts: AttemptLimiter;
  refusals: Collapser;
}

/** Who decides, and from where. */
export interface Approver {
  grantor: Grantor;
  address: string;
}

export const actorText = ({ actor }: Grantor): string => `${actor.type}:${actor.id}`;

/** A decision that is refused; `reason` is what the record says. */
export class PairingFault extends Error {
  readonly reason: string;
  readonly error: AppError;

  constructor(reason: string, error: AppError) {
    super(error.message);
    this.reason = reason;
    this.error = error;
  }
}

/**
 * Runs `decide`, which gets the open request that `code` belongs to.
 * @throws AppError NOT_FOUND for a wrong code, LOCKED_OUT after too many, and what `decide` refuses.
 */
export async function decideByCode<T>(
  deps: PairingDeps,
  { grantor, address }: Approver,
  { channel, code }: { channel: string; code: string },
  decide: (tx: Tx, request: OpenRequest) => Promise<T>,
): Promise<T> {
  const attempt: Attempt = { kind: "pairing_code", address, account: actorText(grantor) };
  const refuse = async (reason: string, error: AppError): Promise<never> => {
    await deps.refusals.record(`pairing|${actorText(grantor)}|${reason}`, {
      event: "channel.pairing_rejected",
      outcome: "denied",
      actor: grantor.actor,
      address,
      channel,
      reason,
    });
    throw error;
  };
  const waitMs = deps.attempts.waitMs(attempt);
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    const message = `Too many wrong codes. Try again in ${seconds} s.`;
    return refuse("locked_out", new AppError("LOCKED_OUT", message, { retryAfterSeconds: seconds }));
  }
  const codeHash = pairingCodeHash(deps.pepper, channel, code);
  try {
    const now = new Date(deps.clock.now());
    // Ends are noted by themselves: a decision that fails must not take them back.
    await withTx(deps.db, (tx) => expireRequests(tx, channel, now));
    const decided = await withTx(deps.db, async (tx) => {
      await lockChannel(tx, channel);
      const request = await tx.pairingRequest.findFirst({
        where: { channel, codeHash, outcome: null, expiresAt: { gt: now } },
        select: { id: true, senderId: true, label: true },
      });
      if (request === null) {
        throw new PairingFault("code_wrong", wrongCode(channel));
      }
      return decide(tx, request);
    });
    deps.attempts.succeeded(attempt);
    return decided;
  } catch (error) {
    if (!(error instanceof PairingFault)) {
      throw error;
    }
    if (error.reason === "code_wrong") {
      deps.attempts.failed(attempt);
    }
    return refuse(error.reason, error.error);
  }
}

export interface OpenRequest {
  id: string;
  senderId: string;
  label: string | null;
}

/** Closes this request and every other open one of the same sender. */
export async function closeRequests(
  tx: Tx,
  channel: string,
  { id, senderId }: OpenRequest,
  outcome: "approved" | "refused",
  grantor: Grantor,
  now: Date,
  event: Pick<AuditEventInput, "event" | "userId" | "data">,
): Promise<void> {
  await tx.pairingRequest.updateMany({
    where: { channel, senderId, outcome: null },
    data: { outcome, decidedBy: actorText(grantor), decidedAt: now },
  });
  await recordEvents(tx, [
    { ...event, outcome: "ok", actor: grantor.actor, target: id, channel, data: { senderId, ...event.data } },
  ]);
}

const wrongCode = (channel: string): AppError =>
  new AppError(
    "NOT_FOUND",
    `No open pairing request on channel "${channel}" has that code. It may be mistyped, decided already or older than an hour; the sender gets a new one by writing again.`,
    { details: { field: "code" } },
  );
