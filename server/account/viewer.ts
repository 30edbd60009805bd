/** Who is signed in, read fresh. */
import type { AccountCall } from "#server/account/services.ts";
import type { Viewer } from "#server/account/schema.ts";
import { isFactorRequired } from "#server/auth/policy.ts";

export async function readViewer({ services, session }: AccountCall): Promise<Viewer> {
  const factors = await readFactors(services, session.memberId);
  return {
    memberId: session.memberId,
    name: session.name,
    email: session.email,
    role: session.role,
    permissions: [...session.permissions],
    secondFactor: session.secondFactor,
    mfaRequired: isFactorRequired(services.mfaRoles(), session.role),
    factors,
    steppedUpUntil: session.steppedUpUntil,
    expiresAt: session.expiresAt,
    idleUntil: session.idleUntil,
    at: new Date(services.clock.now()),
  };
}

/** What the member has enrolled. */
export async function readFactors(
  { db }: Pick<AccountCall["services"], "db">,
  memberId: string,
): Promise<Viewer["factors"]> {
  const { totpSecret, _count } = await db.member.findUniqueOrThrow({
    where: { id: memberId },
    select: { totpSecret: true, _count: { select: { passkeys: true, recoveryCodes: { where: { usedAt: null } } } } },
  });
  return { totp: totpSecret !== null, passkeys: _count.passkeys, recoveryCodesLeft: _count.recoveryCodes };
}
