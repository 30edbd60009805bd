/** What the checklist is judged from: the configuration, the home's files, and the database where there is one. Reads only. */
import type { Pool } from "pg";
import type { BackupStatus } from "#server/backups/schema.ts";
import { locateInConfig, readTlsFiles, secretKept, weakTokenReason, type LoadedConfig } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import type { Db } from "#server/core/db/client.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { keyAge } from "#server/key-rotation/policy.ts";
import { maintenanceIntervals, readMaintenanceFacts } from "#server/maintenance/index.ts";
import { dueItems } from "#server/maintenance/policy.ts";
import { engineSummary } from "#server/overview/policy.ts";
import type { PostureFacts } from "#server/overview/judged.ts";
import { accessFindings, checkHome, readAccessFacts } from "#server/permissions/index.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { engineStatus } from "#server/sandbox/index.ts";

interface PostureSource {
  paths: HomePaths;
  loaded: LoadedConfig;
  /** What a secret of the file stands for. */
  secret: (path: string, written: string) => string;
  /** What lies in the folder of backups. */
  backups: BackupStatus;
  /** Null while no gateway runs. */
  database: { db: Db; pool: Pool } | null;
  now: Date;
}

export async function readPostureFacts({
  paths,
  loaded,
  secret,
  backups,
  database,
  now,
}: PostureSource): Promise<PostureFacts> {
  const { config } = loaded;
  const { gateway, security, logging } = config;
  const file = paths.configFile;
  const lineOf = (path: string): number | null => locateInConfig(file, path)?.line ?? null;
  return {
    at: now,
    file,
    sharedToken:
      gateway.token === undefined
        ? undefined
        : {
            weak: weakness(gateway.token, secret),
            kept: secretKept(gateway.token),
            line: lineOf("gateway.token"),
          },
    bind: {
      value: gateway.bind,
      line: lineOf("gateway.bind"),
      loopback: gateway.bind === "localhost" || isLoopbackAddress(gateway.bind),
    },
    tls: {
      own: gateway.tls.enabled,
      byProxy: gateway.tls.terminatedByProxy && gateway.trustedProxies.length > 0,
      validUntil: certificateEnd(config, paths),
    },
    authorization: { value: security.authorization.enabled, line: lineOf("security.authorization.enabled") },
    sandboxing: { value: security.sandboxing.enabled, line: lineOf("security.sandboxing.enabled") },
    auditing: { value: logging.audit.enabled, line: lineOf("logging.audit.enabled") },
    backups: {
      last: backups.last?.at ?? null,
      verified: backups.lastVerified,
      intervalMs: security.storage.backupInterval,
      verifyEveryMs: security.maintenance.backupVerification,
    },
    openFiles: openFiles(paths, config),
    running:
      database === null ? null : await readRunning(database, { loaded, lastVerified: backups.lastVerified }, now),
  };
}

function weakness(token: string, secret: PostureSource["secret"]): string | null {
  try {
    return weakTokenReason(secret("gateway.token", token)) ?? null;
  } catch {
    // Without the keyring or the variable it cannot be seen here; the start has judged it.
    return null;
  }
}

/** Null without TLS of its own, and when the files cannot be read: the start says why. */
export function certificateEnd(config: Config, paths: HomePaths): Date | null {
  if (!config.gateway.tls.enabled) {
    return null;
  }
  const reading = readTlsFiles(config.gateway.tls, paths);
  return reading.ok ? reading.material.leaf.validToDate : null;
}

function openFiles(paths: HomePaths, config: Config): string[] | null {
  try {
    return checkHome(paths, config, {}).findings.map(({ path }) => path);
  } catch {
    return null;
  }
}

async function readRunning(
  { db, pool }: { db: Db; pool: Pool },
  { loaded, lastVerified }: { loaded: LoadedConfig; lastVerified: BackupStatus["lastVerified"] },
  now: Date,
): Promise<NonNullable<PostureFacts["running"]>> {
  const [access, members, sandbox, head, waiting, upkeep, keys] = await Promise.all([
    readAccessFacts(db, pool, configuredPolicy(loaded), now),
    db.member.findMany({
      where: { disabledAt: null },
      select: { email: true, totpSecret: true, _count: { select: { passkeys: true } } },
      take: MAX_MEMBERS,
    }),
    engineStatus(db),
    db.auditEvent.findFirst({ orderBy: { seq: "desc" }, select: { seq: true } }),
    db.auditIntake.count(),
    readMaintenanceFacts(pool, lastVerified, now),
    db.trackedKey.findMany({ where: { removedAt: null }, select: { id: true, rotatedAt: true } }),
  ]);
  const { tokens, policy } = access;
  const oldest = tokens[0];
  const isWide = (role: string): boolean => policy.roles.get(role)?.permissions.includes("*") === true;
  const engine = engineSummary(sandbox.workers, sandbox.problem);
  return {
    tokens: {
      live: tokens.length,
      wide: tokens.filter(({ role }) => isWide(role)).length,
      endless: tokens.filter(({ expiresAt }) => expiresAt === null).length,
      oldest:
        oldest === undefined
          ? null
          : { id: oldest.id, days: Math.floor((now.getTime() - oldest.createdAt.getTime()) / DAY_MS) },
    },
    members: {
      enabled: members.length,
      withoutFactor: members
        .filter(({ totpSecret, _count }) => totpSecret === null && _count.passkeys === 0)
        .map(({ email }) => email),
    },
    roles: [...policy.roles.keys()],
    accessFindings: accessFindings(access, now).map(({ subject, message }) => `${subject} ${message}`),
    engine: { state: engine.state, problem: engine.problem },
    audit: { sealedTo: head === null ? null : Number(head.seq), waiting },
    upkeep: dueItems(upkeep, maintenanceIntervals(loaded.config), now),
    keys: {
      dueSoon: idsIn(keys, "due_soon", loaded.config, now),
      overdue: idsIn(keys, "overdue", loaded.config, now),
      watched: loaded.config.security.keyRotation.enabled,
    },
  };
}

function idsIn(
  keys: readonly { id: string; rotatedAt: Date }[],
  state: "due_soon" | "overdue",
  { security: { keyRotation } }: Config,
  now: Date,
): string[] {
  const rule = { intervalMs: keyRotation.interval, notifyBeforeMs: keyRotation.notifyBefore };
  return keys
    .filter(({ rotatedAt }) => keyAge(rotatedAt.getTime(), rule, now.getTime()).state === state)
    .map(({ id }) => id);
}

const DAY_MS = 86_400_000;
const MAX_MEMBERS = 1_000;
