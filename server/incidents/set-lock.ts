/** Sets locks, the one on everything among them. Lock, what it ends in the database and the record of both are one transaction. */
import { z } from "zod";
import { can } from "#server/access/index.ts";
import { ChannelName, SubjectId, type PolicySnapshot } from "#server/access/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { countStored, cutStored } from "#server/incidents/cut-stored.ts";
import { lockObjection, CONFIGURED_TOKEN, type LockKind } from "#server/incidents/policy.ts";
import { SetLock, StopEverything, type CutCounts } from "#server/incidents/schema.ts";

export interface LockDeps {
  db: Db;
  clock: Clock;
  /** The policy in force, from which a role's users are known. */
  policy: PolicySnapshot;
}

/** Who sets or lifts. `member`: null for the operator at the command line, whom nothing can lock out. */
export interface LockedBy {
  actor: Actor;
  member: { id: string; role: string } | null;
}

export interface LockSet {
  id: string;
  target: string;
  /** What the transaction ended; in a drill what it would have. */
  stored: CutCounts;
  /** Everything was stopped before; nothing was changed now. */
  already: boolean;
}

/**
 * @throws AppError INVALID_INPUT for a target that cannot be, NOT_FOUND for a token, role or member that is not there, CONFLICT when it is
 * locked already or when nobody would be left to lift it, FORBIDDEN for locking oneself out.
 */
export async function setLock(deps: LockDeps, by: LockedBy, input: SetLock): Promise<LockSet> {
  const asked = parseInput(SetLock, "Lock", input);
  const target = await targetOf(deps, asked.kind, asked.target);
  if (by.member !== null && !asked.drill) {
    await refuseLosingTheWayBack(deps, { kind: asked.kind, target }, by.member);
  }
  return store(deps, by, { ...asked, target }, usersOfRole(deps.policy, asked.kind, target));
}

/** The red button: a lock on everything. A second press while it holds changes nothing. @throws AppError INVALID_INPUT */
export async function stopEverything(
  deps: Pick<LockDeps, "db" | "clock">,
  by: LockedBy,
  input: StopEverything,
): Promise<LockSet> {
  const asked = parseInput(StopEverything, "Stop", input);
  return store(deps, by, { ...asked, kind: "everything", target: "" }, []);
}

type Asked = ReturnType<typeof StopEverything.parse> & { kind: LockKind; target: string };

async function store(
  { db, clock }: Pick<LockDeps, "db" | "clock">,
  by: LockedBy,
  asked: Asked,
  users: readonly string[],
): Promise<LockSet> {
  const { kind, target, message, reason, drill, incidentId, expiresInMs } = asked;
  const id = randomId("lck", 12);
  const now = new Date(clock.now());
  return withTx(db, async (tx) => {
    // One after the other: of two at once the second finds the first.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('incident_lock', 0))`;
    if (!drill) {
      const held = await inForce(tx, kind, target);
      if (held !== null && kind === "everything") {
        return { id: held, target, stored: {}, already: true };
      }
      if (held !== null) {
        throw new AppError(
          "CONFLICT",
          `This ${kind} is locked already (${held}). Lift that lock first to set another.`,
        );
      }
    }
    if (incidentId !== null && (await tx.incident.findUnique({ where: { id: incidentId } })) === null) {
      throw new AppError("NOT_FOUND", "incidentId: there is no incident with this id.");
    }
    // The database's own clock: workers ask it whether a lock still holds.
    await tx.$executeRaw`
      INSERT INTO incident_lock (id, kind, target, message, reason, drill, incident_id, set_by, set_at, expires_at)
      VALUES (${id}, ${kind}, ${target}, ${message}, ${reason}, ${drill}, ${incidentId}, ${`${by.actor.type}:${by.actor.id}`}, now(),
        now() + make_interval(secs => ${expiresInMs === null ? null : expiresInMs / 1000}::float8))`;
    const lock = { id, kind, target };
    const stored = drill
      ? await countStored(tx, { lock, users })
      : await cutStored(tx, { lock, actor: by.actor, now, users });
    await tx.incidentLock.update({ where: { id }, data: { stored: stored } });
    await recordEvents(tx, [lockEvent(by, asked, id, stored)]);
    return { id, target, stored, already: false };
  });
}

function lockEvent({ actor }: LockedBy, asked: Asked, id: string, stored: CutCounts): AuditEventInput {
  const { kind, target, message, reason, drill, incidentId, expiresInMs } = asked;
  const event = drill ? "incident.drill" : kind === "everything" ? "incident.everything_stopped" : "incident.lock_set";
  return {
    event,
    outcome: "ok",
    actor,
    target: id,
    reason: kind,
    userId: kind === "user" ? target : undefined,
    channel: kind === "channel" ? target : undefined,
    data: { kind, locked: target, message, why: reason, incident: incidentId, expiresInMs, ...stored },
  };
}

/** The lock on it, if one holds. One whose time is over makes room. */
async function inForce(tx: Tx, kind: LockKind, target: string): Promise<string | null> {
  await endExpired(tx);
  const found = await tx.incidentLock.findFirst({
    where: { kind, target, endedAt: null, drill: false },
    select: { id: true },
  });
  return found?.id ?? null;
}

/** Notes locks as ended whose time is over, each once whoever looks. */
export async function endExpired(tx: Tx): Promise<void> {
  const ended = await tx.$queryRaw<{ id: string; kind: string; target: string; drill: boolean }[]>`
    UPDATE incident_lock SET ended_at = expires_at, ended_by = 'expired'
     WHERE ended_at IS NULL AND expires_at <= now() RETURNING id, kind, target, drill`;
  if (ended.length > 0) {
    await recordEvents(
      tx,
      ended.map(({ id, kind, target, drill }) => ({
        event: "incident.lock_expired",
        outcome: "ok",
        actor: { type: "system", id: "incidents" },
        target: id,
        reason: kind,
        data: { kind, locked: target, drill },
      })),
    );
  }
}

/** The users whose own role a lock of a role is about. */
export const usersOfRole = (policy: PolicySnapshot, kind: LockKind, target: string): string[] =>
  kind === "role" ? [...policy.users].filter(([, { role }]) => role === target).map(([user]) => user) : [];

/** What is stored for what was named. @throws AppError INVALID_INPUT, NOT_FOUND */
export async function targetOf({ db, policy }: LockDeps, kind: LockKind, target: string): Promise<string> {
  switch (kind) {
    case "user":
      return parseInput(z.object({ target: SubjectId }), "Lock", { target }).target;
    case "channel":
      return parseInput(z.object({ target: ChannelName }), "Lock", { target }).target;
    case "role":
      return policy.roles.has(target) ? target : notThere(`There is no role "${target}".`);
    case "token":
      return familyOf(db, target);
    case "member": {
      const member = await db.member.findFirst({ where: { OR: [{ id: target }, { email: target.toLowerCase() }] } });
      return member?.id ?? notThere(`There is no member "${target}". Name the id or the address.`);
    }
    case "everything":
      return "";
  }
}

async function familyOf(db: Db, target: string): Promise<string> {
  if (target === CONFIGURED_TOKEN) {
    return target;
  }
  const token = await db.token.findFirst({ where: { OR: [{ id: target }, { familyId: target }] } });
  return token?.familyId ?? notThere(`There is no token "${target}". List them with: openclaw gateway list-tokens`);
}

function notThere(message: string): never {
  throw new AppError("NOT_FOUND", `target: ${message}`);
}

async function refuseLosingTheWayBack(
  { db, policy }: LockDeps,
  lock: { kind: LockKind; target: string },
  by: { id: string; role: string },
): Promise<void> {
  const roles = [...policy.roles].filter(([, { permissions }]) => can(permissions, "incidents:manage"));
  const [members, locks] = await Promise.all([
    db.member.findMany({
      where: { disabledAt: null, roleName: { in: roles.map(([name]) => name) } },
      select: { id: true, roleName: true },
      take: 1000,
    }),
    db.incidentLock.findMany({
      where: { endedAt: null, drill: false, kind: { in: ["member", "role"] } },
      select: { kind: true, target: true },
    }),
  ]);
  const isLocked = (kind: string, target: string): boolean =>
    locks.some((other) => other.kind === kind && other.target === target);
  const managers = members
    .filter(({ id, roleName }) => !isLocked("member", id) && !isLocked("role", roleName))
    .map(({ id, roleName }) => ({ memberId: id, role: roleName }));
  const objection = lockObjection(lock, { memberId: by.id, role: by.role }, managers);
  if (objection !== null) {
    throw new AppError("CONFLICT", objection);
  }
}
