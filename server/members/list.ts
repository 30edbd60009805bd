/** Members as administrators see them. No hash and no seed leaves the database here. */
import type { Actor } from "#server/audit/schema.ts";
import { describeSessions, liveAt, type AuthServices } from "#server/auth/index.ts";
import type { MemberDeps } from "#server/members/deps.ts";
import type { MemberDetails, MemberPage, MemberQuery, MemberSummary } from "#server/members/schema.ts";
import type { Prisma } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

const PAGE = 50;
const SESSIONS_MAX = 100;

const factsAt = (now: Date) =>
  ({
    id: true,
    name: true,
    email: true,
    roleName: true,
    disabledAt: true,
    createdAt: true,
    lastSignInAt: true,
    totpSecret: true,
    _count: {
      select: {
        passkeys: true,
        recoveryCodes: { where: { usedAt: null } },
        sessions: { where: liveAt(now) },
      },
    },
  }) satisfies Prisma.MemberSelect;

type Facts = Prisma.MemberGetPayload<{ select: ReturnType<typeof factsAt> }>;

/** By address. The cursor is the last address of the page before. */
export async function listMembers(deps: MemberDeps, { cursor, q, state }: MemberQuery): Promise<MemberPage> {
  const contains = { contains: q ?? "", mode: "insensitive" as const };
  const rows = await deps.db.member.findMany({
    where: {
      ...(cursor === undefined ? {} : { email: { gt: cursor } }),
      ...(q === undefined || q === "" ? {} : { OR: [{ email: contains }, { name: contains }] }),
      ...(state === undefined ? {} : { disabledAt: state === "disabled" ? { not: null } : null }),
    },
    select: factsAt(new Date(deps.clock.now())),
    orderBy: { email: "asc" },
    take: PAGE + 1,
  });
  const page = rows.slice(0, PAGE);
  return {
    members: page.map((row) => summaryOf(deps, row)),
    nextCursor: rows.length > PAGE ? (page.at(-1)?.email ?? null) : null,
  };
}

/** @param reader whose session asks @throws AppError NOT_FOUND. */
export async function memberDetails(
  deps: MemberDeps & Pick<AuthServices, "sessionSeal" | "refusals">,
  id: string,
  reader: { id: string; actor: Actor },
): Promise<MemberDetails> {
  const now = new Date(deps.clock.now());
  const row = await deps.db.member.findUnique({ where: { id }, select: factsAt(now) });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no such member. Reload the list.");
  }
  const sessions = await deps.db.consoleSession.findMany({
    where: { memberId: id, ...liveAt(now) },
    orderBy: { lastSeenAt: "desc" },
    take: SESSIONS_MAX,
  });
  return {
    ...summaryOf(deps, row),
    recoveryCodesLeft: row._count.recoveryCodes,
    sessionList: await describeSessions(deps, sessions, reader.id, reader.actor),
  };
}

function summaryOf({ policy }: MemberDeps, row: Facts): MemberSummary {
  const { id, name, email, roleName, disabledAt, createdAt, lastSignInAt, totpSecret, _count } = row;
  return {
    id,
    name,
    email,
    role: roleName,
    roleExists: policy.current().roles.has(roleName),
    state: disabledAt === null ? "active" : "disabled",
    secondFactors: [
      ...(totpSecret === null ? [] : (["totp"] as const)),
      ...(_count.passkeys === 0 ? [] : (["passkey"] as const)),
    ],
    createdAt,
    lastSignInAt,
    sessions: _count.sessions,
  };
}

/** The member of that address. @throws AppError NOT_FOUND. */
export async function memberByEmail(
  { db }: Pick<MemberDeps, "db">,
  email: string,
): Promise<{ id: string; email: string }> {
  const member = await db.member.findUnique({
    where: { email: email.trim().toLowerCase() },
    select: { id: true, email: true },
  });
  if (member === null) {
    throw new AppError("NOT_FOUND", `No member has the address "${email}". See them with: openclaw admin list`);
  }
  return member;
}
