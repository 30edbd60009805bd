/** The signing secret of a contact point: replaced with a time in which both count, and shown once. */
import {
  findPoint,
  graceEnd,
  lockPoints,
  recordPoint,
  type PointEditDeps,
  type PointRow,
} from "#server/alerts/points/point-rows.ts";
import { openPointSecrets, sealPointSecrets } from "#server/alerts/points/secrets.ts";
import type { Actor } from "#server/audit/schema.ts";
import { newStandardSecret } from "#server/core/crypto/standard-webhooks.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/** A new signing secret; notifications carry both signatures for a day. @throws AppError NOT_FOUND, CONFLICT */
export async function rotatePointSecret(
  { db, keyring }: PointEditDeps,
  actor: Actor,
  id: string,
  isWritten: boolean,
): Promise<{ secret: string }> {
  const secret = newStandardSecret();
  await withTx(db, async (tx) => {
    await lockPoints(tx);
    const before = await findPoint(tx, id);
    refuseNoSecret(before, isWritten);
    const secrets = openPointSecrets(keyring, id, before.secrets);
    const next = { ...secrets, secret, ...(secrets.secret === undefined ? {} : { previous: secrets.secret }) };
    await tx.contactPoint.update({
      where: { id },
      data: {
        secrets: sealPointSecrets(keyring, id, next),
        rotationEndsAt: graceEnd(),
        secretShownAt: new Date(),
        version: before.version + 1,
        updatedAt: new Date(),
      },
    });
    const data = { name: before.name, type: before.type, before: null, after: null, secrets: ["secret"] };
    await recordPoint(tx, actor, id, "secret_rotated", data);
  });
  return { secret };
}

/** A secret that was made by itself, for the only time. @throws AppError NOT_FOUND, CONFLICT when it was shown */
export async function showPointSecret(
  { db, keyring }: PointEditDeps,
  actor: Actor,
  id: string,
): Promise<{ secret: string }> {
  return withTx(db, async (tx) => {
    await lockPoints(tx);
    const row = await findPoint(tx, id);
    refuseNoSecret(row, false);
    const { secret } = openPointSecrets(keyring, id, row.secrets);
    if (row.secretShownAt !== null || secret === undefined) {
      throw new AppError("CONFLICT", "The secret was shown already. Rotate it to get a new one.");
    }
    await tx.contactPoint.update({ where: { id }, data: { secretShownAt: new Date() } });
    const data = { name: row.name, type: row.type, before: null, after: null, secrets: [] };
    await recordPoint(tx, actor, id, "secret_shown", data);
    return { secret };
  });
}

function refuseNoSecret({ name, type }: PointRow, isWritten: boolean): void {
  if (type !== "webhook") {
    throw new AppError("CONFLICT", `"${name}" sends mail, which has no signing secret.`);
  }
  if (isWritten) {
    throw new AppError(
      "CONFLICT",
      "Its secret stands in security.monitoring.alerting.webhookSecret: change it there, and both are used for a day.",
    );
  }
}
