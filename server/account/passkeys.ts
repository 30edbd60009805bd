/** The caller's passkeys. */
import { refuseLastFactor, provenNow } from "#server/account/factors.ts";
import { byMember, type AccountCall } from "#server/account/services.ts";
import type { AddPasskey, PasskeyId, Passkeys, RenamePasskey } from "#server/account/schema.ts";
import { readFactors } from "#server/account/viewer.ts";
import { recordEvents } from "#server/audit/index.ts";
import {
  consumeChallenge,
  countRecoveryCodes,
  newRecoveryCodes,
  passkeysUnavailable,
  readRegistration,
  registrationOptions,
  renewMember,
  replaceRecoveryCodes,
} from "#server/auth/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import type { z } from "zod";

const PASSKEYS_MAX = 20;

export async function listPasskeys({ services, session, origin }: AccountCall): Promise<Passkeys> {
  const passkeys = await services.db.passkey.findMany({
    where: { memberId: session.memberId },
    select: { id: true, name: true, createdAt: true, lastUsedAt: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    take: PASSKEYS_MAX,
  });
  return { passkeys, unavailable: passkeysUnavailable(origin.host ?? null, services) };
}

/** @throws AppError NOT_FOUND under a bare IP address, CONFLICT with as many as there may be. */
export async function passkeyRegistrationOptions({ services, session, origin }: AccountCall): Promise<object> {
  const { memberId, email, name } = session;
  const existing = await services.db.passkey.findMany({ where: { memberId }, select: { credentialId: true } });
  refuseTooMany(existing.length);
  const ids = existing.map(({ credentialId }) => credentialId);
  return registrationOptions(services, origin.host ?? null, { id: memberId, email, name }, ids);
}

/**
 * @returns recovery codes when the member had none yet, and the id of the session that takes the place of this one, or null.
 * @throws AppError INVALID_INPUT for an answer that is none of ours, CONFLICT for a passkey that is known already.
 */
export async function addPasskey(
  call: AccountCall,
  { name, response }: z.output<typeof AddPasskey>,
): Promise<{ recoveryCodes: string[]; sessionId: string | null }> {
  const { services, session } = call;
  const { memberId } = session;
  const made = await readRegistration(services, memberId, response);
  if (made === null) {
    throw invalid();
  }
  const codes = newRecoveryCodes();
  const now = new Date(services.clock.now());
  const { challenge, credentialId, publicKey, counter, transports } = made;
  return withTx(services.db, async (tx) => {
    if (!(await consumeChallenge(tx, challenge, now))) {
      throw invalid();
    }
    refuseTooMany(await tx.passkey.count({ where: { memberId } }));
    const id = randomId("pky");
    const { count } = await tx.passkey.createMany({
      data: [{ id, credentialId, memberId, publicKey, counter, transports, name, createdAt: now }],
      skipDuplicates: true,
    });
    if (count !== 1) {
      throw new AppError("CONFLICT", "This passkey is registered already. Use another authenticator.");
    }
    const isFirst = (await countRecoveryCodes(tx, memberId)) === 0;
    if (isFirst) {
      await replaceRecoveryCodes(tx, memberId, codes);
    }
    const sessionId = await provenNow(call, tx, "passkey", now);
    await recordEvents(tx, [
      { ...byMember(call), event: "auth.factor_added", target: memberId, data: { factor: "passkey", passkey: id } },
      ...(isFirst ? [{ ...byMember(call), event: "auth.recovery_codes_made" as const, target: memberId }] : []),
    ]);
    return { recoveryCodes: isFirst ? codes : [], sessionId };
  });
}

/** @throws AppError NOT_FOUND for one that is not the caller's. */
export async function renamePasskey(
  { services, session }: AccountCall,
  input: z.output<typeof RenamePasskey>,
): Promise<void> {
  const { count } = await services.db.passkey.updateMany({
    where: { id: input.id, memberId: session.memberId },
    data: { name: input.name },
  });
  if (count !== 1) {
    throw notFound();
  }
}

/** @throws AppError NOT_FOUND for one that is not the caller's, CONFLICT when it is the last factor of a role that asks for one. */
export async function removePasskey(call: AccountCall, { id }: z.output<typeof PasskeyId>): Promise<void> {
  const { services, session } = call;
  const { memberId, actor } = session;
  const { totp } = await readFactors(services, memberId);
  const now = new Date(services.clock.now());
  await withTx(services.db, async (tx) => {
    const { count } = await tx.passkey.deleteMany({ where: { id, memberId } });
    if (count !== 1) {
      throw notFound();
    }
    const remaining = (await tx.passkey.count({ where: { memberId } })) + (totp ? 1 : 0);
    refuseLastFactor(call, remaining);
    if (remaining === 0) {
      await tx.recoveryCode.deleteMany({ where: { memberId } });
    }
    await renewMember(tx, { memberId, keep: session.id, actor, reason: "factors_changed", now });
    await recordEvents(tx, [
      { ...byMember(call), event: "auth.factor_removed", target: memberId, data: { factor: "passkey", passkey: id } },
    ]);
  });
}

function refuseTooMany(count: number): void {
  if (count >= PASSKEYS_MAX) {
    throw new AppError("CONFLICT", `There are ${PASSKEYS_MAX} passkeys already. Remove one first.`);
  }
}

const invalid = (): AppError =>
  new AppError("INVALID_INPUT", "The authenticator's answer does not belong to this attempt. Try again.", {
    details: { field: "response" },
  });

const notFound = (): AppError => new AppError("NOT_FOUND", "You have no such passkey. Reload the list.");
