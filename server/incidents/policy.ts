/** Who is shut out by what: pure rules, time passed in. Asked on every request, so answers are a few map look-ups and allocate nothing. */
import type { Principal } from "#server/access/schema.ts";

export const LOCK_KINDS = ["user", "role", "token", "channel", "member", "everything"] as const;
export type LockKind = (typeof LOCK_KINDS)[number];
export const INCIDENT_SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type IncidentSeverity = (typeof INCIDENT_SEVERITIES)[number];
export const NOTE_KINDS = ["note", "question", "communication"] as const;
export const REPORT_FORMATS = ["text", "md", "json", "html"] as const;
export type IncidentReportFormat = (typeof REPORT_FORMATS)[number];

/** What has to be typed before everything is stopped. */
export const STOP_PHRASE = "STOP EVERYTHING";
/** The lock's target of the token that stands in the configuration file. */
export const CONFIGURED_TOKEN = "gateway.token";
/** What whoever is shut out reads when nobody has written anything else. */
export const DEFAULT_MESSAGE = "Access is locked for now. Ask your administrator.";

/** What a transaction or a process has ended, by name. */
export type CutCounts = Readonly<Record<string, number>>;

/** A lock as the doors need it. */
export interface Lock {
  id: string;
  kind: LockKind;
  target: string;
  message: string;
  drill: boolean;
  setAt: Date;
  /** Milliseconds since 1970; null = until it is lifted. */
  expiresAtMs: number | null;
}

/** Locks by what they shut out. Immutable, replaced as a whole. */
export interface LockIndex {
  /** Nothing is locked at all, which is how it mostly is. */
  empty: boolean;
  everything: Lock | null;
  users: ReadonlyMap<string, Lock>;
  roles: ReadonlyMap<string, Lock>;
  members: ReadonlyMap<string, Lock>;
  channels: ReadonlyMap<string, Lock>;
  /** By `Principal.id`: families of tokens, and channels that speak for their senders. */
  principals: ReadonlyMap<string, Lock>;
}

/** The channel of everybody who comes with a token. */
const API_CHANNEL = "api";

/** @param locks those that are stored as in force; of two on one thing the one that ends later counts, and drills count for nothing. */
export function indexLocks(locks: readonly Lock[]): LockIndex {
  const kinds: Record<Exclude<LockKind, "everything">, Map<string, Lock>> = {
    user: new Map(),
    role: new Map(),
    token: new Map(),
    channel: new Map(),
    member: new Map(),
  };
  const principals = new Map<string, Lock>();
  let everything: Lock | null = null;
  let empty = true;
  for (const lock of locks) {
    if (lock.drill) {
      continue;
    }
    empty = false;
    if (lock.kind === "everything") {
      everything = later(everything ?? undefined, lock);
      continue;
    }
    const map = kinds[lock.kind];
    map.set(lock.target, later(map.get(lock.target), lock));
  }
  for (const [target, lock] of kinds.token) {
    principals.set(principalOfToken(target), lock);
  }
  for (const [target, lock] of kinds.channel) {
    principals.set(`channel:${target}`, lock);
  }
  return {
    empty,
    everything,
    users: kinds.user,
    roles: kinds.role,
    members: kinds.member,
    channels: kinds.channel,
    principals,
  };
}

const later = (known: Lock | undefined, other: Lock): Lock =>
  known === undefined || endOf(other) > endOf(known) ? other : known;
const endOf = ({ expiresAtMs }: Lock): number => expiresAtMs ?? Infinity;

/** `Principal.id` of a token lock's target. */
export const principalOfToken = (target: string): string =>
  target === CONFIGURED_TOKEN ? "config:gateway.token" : `token:${target}`;

const inForce = (lock: Lock | null | undefined, nowMs: number): Lock | null =>
  lock !== null && lock !== undefined && (lock.expiresAtMs === null || lock.expiresAtMs > nowMs) ? lock : null;

/** The lock that shuts this credential out, whatever it is used for; null = none. */
export function lockOnPrincipal(index: LockIndex, principal: Principal, nowMs: number): Lock | null {
  if (index.empty) {
    return null;
  }
  const { id, kind, boundUserId, ownerId, role } = principal;
  return (
    inForce(index.everything, nowMs) ??
    inForce(index.principals.get(id), nowMs) ??
    (boundUserId === null ? null : inForce(index.users.get(boundUserId), nowMs)) ??
    // A token is in its owner's hands, whoever it speaks for.
    inForce(index.users.get(ownerId), nowMs) ??
    inForce(index.members.get(ownerId), nowMs) ??
    inForce(index.roles.get(role), nowMs) ??
    (kind === "channel" ? null : inForce(index.channels.get(API_CHANNEL), nowMs))
  );
}

/** Whom and where a message is from. */
export interface MessageSubject {
  userId: string | null;
  /** The user's own role; null = there is no record of them. */
  userRole: string | null;
  channel: string;
}

/** The lock that keeps this message from being looked at; null = none. */
export function lockOnMessage(
  index: LockIndex,
  principal: Principal,
  { userId, userRole, channel }: MessageSubject,
  nowMs: number,
): Lock | null {
  if (index.empty) {
    return null;
  }
  return (
    lockOnPrincipal(index, principal, nowMs) ??
    (userId === null ? null : inForce(index.users.get(userId), nowMs)) ??
    (userRole === null ? null : inForce(index.roles.get(userRole), nowMs)) ??
    inForce(index.channels.get(channel), nowMs)
  );
}

/** The lock under which nothing that comes by this channel is answered, whoever sent it; null = none. */
export function lockOnChannel(index: LockIndex, channel: string, nowMs: number): Lock | null {
  return index.empty ? null : (inForce(index.everything, nowMs) ?? inForce(index.channels.get(channel), nowMs));
}

/** A member of the console. */
export interface MemberSubject {
  memberId: string;
  role: string;
  /** Holds `incidents:manage`: who may lift a lock on everything keeps the console to do so. */
  manages: boolean;
}

/** The lock that shuts a member out of the console; null = none. */
export function lockOnMember(index: LockIndex, { memberId, role, manages }: MemberSubject, nowMs: number): Lock | null {
  if (index.empty) {
    return null;
  }
  return (
    inForce(index.members.get(memberId), nowMs) ??
    inForce(index.roles.get(role), nowMs) ??
    (manages ? null : inForce(index.everything, nowMs))
  );
}

interface Manager {
  memberId: string;
  role: string;
}

/**
 * Why a member may not set this lock; null = nothing against it. From the console nobody can take the way back away, from themselves or
 * from everybody; the command line on the machine always can, and is the way back then.
 * @param managers enabled members who hold `incidents:manage` and are not locked
 */
export function lockObjection(
  { kind, target }: { kind: LockKind; target: string },
  by: Manager,
  managers: readonly Manager[],
): string | null {
  if (kind === "member" && target === by.memberId) {
    return "This would lock you out yourself. Ask another administrator, or use the command line on the machine.";
  }
  if (kind === "role" && target === by.role) {
    return `This would lock you out yourself: your role is "${by.role}". Use the command line on the machine.`;
  }
  if (kind !== "member" && kind !== "role") {
    return null;
  }
  const left = managers.filter(({ memberId, role }) => (kind === "member" ? memberId : role) !== target);
  return left.length === 0
    ? "Nobody would be left who can lift locks in the console. Use the command line on the machine."
    : null;
}

export const nameOfLock = ({ kind, target }: { kind: LockKind; target: string }): string =>
  kind === "everything" ? "everything" : `${kind} ${target}`;

const WORDS: Readonly<Record<string, string>> = {
  heldMessages: "held messages",
  sessions: "console sessions",
  streams: "event streams",
  webSockets: "live connections",
  answers: "answers under way",
  consoleStreams: "live views of the console",
};

/** "3 runs, 40 event streams"; what there is none of is left out. */
export const countsText = (counts: CutCounts): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${WORDS[name] ?? name}`)
    .join(", ") || "nothing";
