/** The last step of every sign-in: proof used up, session opened, member's row noted and all of it recorded, or nothing. */
import { recordEvents } from "#server/audit/index.ts";
import type { UseProof } from "#server/auth/second-factor.ts";
import { refuseLockedSignIn } from "#server/auth/member-lock.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { openSession, type SessionProof, type SigningIn } from "#server/auth/session.ts";
import { withTx } from "#server/core/db/with-tx.ts";

/**
 * @param useProof what must still be unused, checked inside the transaction
 * @returns the id of the new session; null when the proof was used meanwhile, or the member was changed or disabled.
 * @throws AppError("LOCKED") for a member whom an incident has shut out; the proof stays unused.
 */
export async function finishSignIn(
  services: Pick<AuthServices, "db" | "clock" | "sessionSeal" | "sessionSecret" | "policy" | "locks" | "refusals">,
  member: SigningIn,
  proof: SessionProof,
  origin: CallOrigin,
  useProof: UseProof,
): Promise<string | null> {
  await refuseLockedSignIn(services, member.id, origin);
  const now = new Date(services.clock.now());
  return withTx(services.db, async (tx) => {
    // The row's lock makes whoever changes or disables the member come before or after, not between.
    const { count } = await tx.member.updateMany({
      where: { id: member.id, authVersion: member.authVersion, disabledAt: null },
      data: { lastSignInAt: now },
    });
    if (count !== 1 || !(await useProof(tx, now))) {
      return null;
    }
    const session = await openSession(services, tx, member, proof, origin, now);
    await recordEvents(tx, [
      ...(proof.method === "recovery_code"
        ? [
            {
              event: "auth.recovery_code_used" as const,
              outcome: "ok" as const,
              actor: { type: "member" as const, id: member.id },
              address: origin.address,
              requestId: origin.requestId,
            },
          ]
        : []),
      {
        event: "auth.signed_in",
        outcome: "ok",
        actor: { type: "member", id: member.id },
        address: origin.address,
        requestId: origin.requestId,
        target: session.publicId,
        data: { method: proof.method, userAgent: origin.userAgent?.slice(0, 256) ?? null },
      },
    ]);
    return session.id;
  });
}
