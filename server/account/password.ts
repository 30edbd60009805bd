/** Changes of what the caller is known by: password and name. */
import { byMember, refusedTo, type AccountCall } from "#server/account/services.ts";
import type { ChangePassword, Rename } from "#server/account/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import { passwordProblem, proveOwnPassword, renewMember } from "#server/auth/index.ts";
import { PASSWORD_TEXTS } from "#server/auth/policy.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { z } from "zod";

/** Ends every other session. @throws AppError INVALID_INPUT (field `current` or `next`), CONFLICT, LOCKED_OUT, BUSY. */
export async function changePassword(
  call: AccountCall,
  { current, next }: z.output<typeof ChangePassword>,
): Promise<void> {
  const { services, session, origin } = call;
  const { memberId, actor } = session;
  const refused = refusedTo(call, "auth.factor_refused");
  const before = await proveOwnPassword(services, memberId, current, origin, "current", refused);
  const problem = next === current ? "password_same" : passwordProblem(next, [session.email, session.name]);
  if (problem !== null) {
    throw new AppError("INVALID_INPUT", PASSWORD_TEXTS[problem], { details: { field: "next", reason: problem } });
  }
  const passwordHash = await services.passwords.hash(next);
  const now = new Date(services.clock.now());
  await withTx(services.db, async (tx) => {
    const { count } = await tx.member.updateMany({
      where: { id: memberId, passwordHash: before },
      data: { passwordHash },
    });
    if (count !== 1) {
      throw new AppError("CONFLICT", "The password was changed meanwhile. Reload the page.");
    }
    await renewMember(tx, { memberId, keep: session.id, actor, reason: "password_changed", now });
    await recordEvents(tx, [{ ...byMember(call), event: "auth.password_changed", target: memberId, reason: "member" }]);
  });
}

/** The name others see. */
export async function rename(call: AccountCall, { name }: z.output<typeof Rename>): Promise<void> {
  const { services, session } = call;
  await withTx(services.db, async (tx) => {
    await tx.member.update({ where: { id: session.memberId }, data: { name } });
    await recordEvents(tx, [
      {
        ...byMember(call),
        event: "member.changed",
        target: session.memberId,
        data: { before: { name: session.name }, after: { name } },
      },
    ]);
  });
}
