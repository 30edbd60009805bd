/** What a member's own account needs: the caller, and where the call comes from. */
import type { AuthServices, CallOrigin, ConsoleSession } from "#server/auth/index.ts";

export interface AccountCall {
  services: AuthServices;
  session: ConsoleSession;
  origin: CallOrigin;
}

/** How an attempt to prove something that fails is put on record. */
export const refusedTo = ({ session }: AccountCall, event: "auth.factor_refused" | "auth.step_up_failed") => ({
  event,
  actor: session.actor,
  target: session.memberId,
});

/** Marks every event of the caller's own account alike. */
export const byMember = ({ session }: AccountCall) => ({ outcome: "ok", actor: session.actor }) as const;
