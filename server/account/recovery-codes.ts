/** New recovery codes in the place of all older ones. */
import { byMember, type AccountCall } from "#server/account/services.ts";
import { readFactors } from "#server/account/viewer.ts";
import { recordEvents } from "#server/audit/index.ts";
import { newRecoveryCodes, replaceRecoveryCodes } from "#server/auth/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/** @throws AppError CONFLICT without a factor that they could stand in for. */
export async function regenerateRecoveryCodes(call: AccountCall): Promise<{ recoveryCodes: string[] }> {
  const { services, session } = call;
  const { totp, passkeys } = await readFactors(services, session.memberId);
  if (!totp && passkeys === 0) {
    throw new AppError("CONFLICT", "Recovery codes stand in for a second factor. Enrol one first.");
  }
  const recoveryCodes = newRecoveryCodes();
  await withTx(services.db, async (tx) => {
    await replaceRecoveryCodes(tx, session.memberId, recoveryCodes);
    await recordEvents(tx, [{ ...byMember(call), event: "auth.recovery_codes_made", target: session.memberId }]);
  });
  return { recoveryCodes };
}
