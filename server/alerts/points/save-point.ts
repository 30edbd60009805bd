/**
 * Makes, changes and removes contact points of the database. Threats: a stored secret that is sent to another address than it was entered
 * for; an address inside the network (judged again whenever a connection is made).
 */
import type { Prisma } from "#server/core/db/generated/client.ts";
import { announceAlerts } from "#server/alerts/announce.ts";
import type { SavePoint } from "#server/alerts/console-schema.ts";
import { hostOf } from "#server/alerts/points/list-points.ts";
import {
  findPoint,
  graceEnd,
  lockPoints,
  recordPoint,
  type PointEditDeps,
  type PointRow,
  type PointSettings,
} from "#server/alerts/points/point-rows.ts";
import { openPointSecrets, sealPointSecrets, type PointSecrets } from "#server/alerts/points/secrets.ts";
import type { Actor } from "#server/audit/schema.ts";
import { newStandardSecret, standardKey } from "#server/core/crypto/standard-webhooks.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { newContactPointId } from "#server/core/ids.ts";
import { safeUrl } from "#server/core/net/outbound-policy.ts";

const MOST_POINTS = 100;
const PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue";

/** @returns the signing secret where one was made: it is shown this once. @throws AppError INVALID_INPUT naming the field, NOT_FOUND, CONFLICT */
export async function savePoint(
  { db, keyring }: PointEditDeps,
  actor: Actor,
  input: SavePoint,
): Promise<{ id: string; secret: string | null }> {
  const id = input.id ?? newContactPointId();
  const made = input.id === undefined && input.target.type === "webhook" && input.target.secret === undefined;
  const secret = made ? newStandardSecret() : null;
  await withTx(db, async (tx) => {
    await lockPoints(tx);
    const before = input.id === undefined ? null : await findOwn(tx, id);
    if (before !== null && before.version !== input.version) {
      throw new AppError("CONFLICT", `"${before.name}" was changed meanwhile. Look at it again.`);
    }
    await refuseTaken(tx, input.name, input.id ?? null);
    if (before === null && (await tx.contactPoint.count()) >= MOST_POINTS) {
      throw new AppError("CONFLICT", `There can be ${MOST_POINTS} contact points. Remove one that is not needed.`);
    }
    const kept = before?.type === input.target.type ? openPointSecrets(keyring, id, before.secrets) : {};
    const { settings, secrets, given } = mergeTarget(input, kept, before?.settings ?? null, secret);
    const data = {
      name: input.name,
      type: input.target.type,
      settings: settings as Prisma.InputJsonObject,
      secrets: sealPointSecrets(keyring, id, secrets),
      receivesAll: input.receivesAll,
      secretShownAt: new Date(),
      updatedAt: new Date(),
    };
    await tx.contactPoint.upsert({
      where: { id },
      create: { id, source: "database", ...data },
      update: {
        ...data,
        version: (before?.version ?? 0) + 1,
        enabled: true,
        disabledReason: null,
        ...(secrets.previous === undefined ? { rotationEndsAt: null } : {}),
        ...(given.includes("secret") && secrets.previous !== undefined ? { rotationEndsAt: graceEnd() } : {}),
      },
    });
    await announceAlerts(tx);
    await recordPoint(tx, actor, id, before === null ? "created" : "changed", {
      name: input.name,
      type: input.target.type,
      before: before === null ? null : shown(before),
      after: { ...settings, receivesAll: input.receivesAll },
      secrets: given,
    });
  });
  return { id, secret };
}

interface Merged {
  settings: PointSettings;
  secrets: PointSecrets;
  given: string[];
}

function mergeTarget({ target }: SavePoint, kept: PointSecrets, before: unknown, made: string | null): Merged {
  if (target.type === "email") {
    const { recipients, smtp, password } = target;
    if (smtp !== null) {
      refuseMovedPassword(kept, before, smtp, password);
      if (smtp.secure === "none" && smtp.user !== null) {
        throw new AppError(
          "INVALID_INPUT",
          'target.smtp.secure: would send the password in the clear. Use "starttls" or "tls".',
        );
      }
      if (smtp.user !== null && password === undefined && kept.password === undefined) {
        throw new AppError("INVALID_INPUT", "target.password: is missing; signing in takes user and password.");
      }
    }
    const secrets = (smtp?.user ?? null) === null ? {} : { password: password ?? kept.password };
    return { settings: { recipients, smtp }, secrets, given: password === undefined ? [] : ["password"] };
  }
  const url = target.url ?? kept.url ?? (target.format === "pagerduty" ? PAGERDUTY_URL : undefined);
  if (url === undefined || safeUrl(url) === null) {
    throw new AppError(
      "INVALID_INPUT",
      'target.url: must be an address that starts with "https://" and holds no user name.',
    );
  }
  const routingKey = target.routingKey ?? kept.routingKey;
  if (target.format === "pagerduty" && routingKey === undefined) {
    throw new AppError("INVALID_INPUT", "target.routingKey: is missing; it is the integration key of the service.");
  }
  if (target.url !== undefined && kept.url !== undefined && hostOf(target.url) !== hostOf(kept.url)) {
    refuseMovedKey(target);
  }
  const { secret, previous } = nextSecrets(target.secret, kept, made);
  return {
    settings: { format: target.format, host: hostOf(url) },
    secrets: {
      url,
      secret,
      ...(previous === undefined ? {} : { previous }),
      ...(target.format === "pagerduty" && routingKey !== undefined ? { routingKey } : {}),
    },
    given: (["url", "secret", "routingKey"] as const).filter((name) => target[name] !== undefined),
  };
}

function nextSecrets(
  given: string | undefined,
  kept: PointSecrets,
  made: string | null,
): { secret: string; previous?: string } {
  if (given === undefined) {
    const secret = kept.secret ?? made ?? newStandardSecret();
    return kept.previous === undefined ? { secret } : { secret, previous: kept.previous };
  }
  try {
    standardKey(given, "target.secret");
  } catch (error) {
    throw new AppError("INVALID_INPUT", messageOf(error).replace("target.secret ", "target.secret: "));
  }
  return kept.secret === undefined || kept.secret === given
    ? { secret: given }
    : { secret: given, previous: kept.secret };
}

/** A routing key goes to the address that it was entered for and to no other. */
function refuseMovedKey({ format, routingKey }: Extract<SavePoint["target"], { type: "webhook" }>): void {
  if (format === "pagerduty" && routingKey === undefined) {
    throw new AppError("INVALID_INPUT", "target.routingKey: the address changes, so the key has to be entered again.");
  }
}

function refuseMovedPassword(
  { password: kept }: PointSecrets,
  before: unknown,
  smtp: { host: string },
  password: string | undefined,
): void {
  const old = typeof before === "object" && before !== null && "smtp" in before ? before.smtp : null;
  const host = typeof old === "object" && old !== null && "host" in old ? old.host : null;
  if (kept !== undefined && password === undefined && host !== smtp.host) {
    throw new AppError(
      "INVALID_INPUT",
      "target.password: the server changes, so the password has to be entered again.",
    );
  }
}

/** @throws AppError NOT_FOUND, CONFLICT for one of the file */
export async function removePoint({ db }: PointEditDeps, actor: Actor, id: string): Promise<void> {
  await withTx(db, async (tx) => {
    await lockPoints(tx);
    const before = await findOwn(tx, id);
    await tx.contactPoint.delete({ where: { id } });
    await tx.$executeRaw`UPDATE alert_rule SET contact_points = array_remove(contact_points, ${id}) WHERE ${id} = ANY(contact_points)`;
    await announceAlerts(tx);
    const data = { name: before.name, type: before.type, before: shown(before), after: null, secrets: [] };
    await recordPoint(tx, actor, id, "removed", data);
  });
}

/** Switches one off, or on again after its receiver said that it is gone. @throws AppError NOT_FOUND */
export async function switchPoint({ db }: PointEditDeps, actor: Actor, id: string, enabled: boolean): Promise<void> {
  await withTx(db, async (tx) => {
    await lockPoints(tx);
    const before = await findPoint(tx, id);
    await tx.contactPoint.update({
      where: { id },
      data: { enabled, disabledReason: null, version: before.version + 1, updatedAt: new Date() },
    });
    await announceAlerts(tx);
    const reason = enabled ? "switched_on" : "switched_off";
    await recordPoint(tx, actor, id, reason, {
      name: before.name,
      type: before.type,
      before: null,
      after: null,
      secrets: [],
    });
  });
}

async function findOwn(tx: Tx, id: string): Promise<PointRow> {
  const row = await findPoint(tx, id);
  if (row.source === "file") {
    throw new AppError(
      "CONFLICT",
      `"${row.name}" is written in the configuration file (security.monitoring.alerting): change it there.`,
    );
  }
  return row;
}

async function refuseTaken(tx: Tx, name: string, except: string | null): Promise<void> {
  const taken = await tx.contactPoint.findFirst({
    where: { name: { equals: name, mode: "insensitive" } },
    select: { id: true },
  });
  if (taken !== null && taken.id !== except) {
    throw new AppError("CONFLICT", `name: there is a contact point called "${name}" already. Choose another name.`);
  }
}

const shown = ({ settings, receivesAll }: PointRow): PointSettings => ({ ...(settings as PointSettings), receivesAll });
