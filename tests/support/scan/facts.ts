/** Facts of a sound installation, and ways to spoil them. The configuration is always a real text, read as the product reads it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mergePolicy } from "#server/access/merge-policy.ts";
import { inspectConfig } from "#server/config/index.ts";
import { homePaths } from "#server/core/paths.ts";
import { configurationFacts } from "#server/scan/facts/configuration.ts";
import type { Reading, ScanFacts, Sources, TokenFact } from "#server/scan/facts/sources.ts";

export const AT = new Date("2026-11-26T12:00:00Z");
export const daysAgo = (days: number): Date => new Date(AT.getTime() - days * 86_400_000);
const HARDENED = readFileSync(join(import.meta.dirname, "../../../openclaw.hardened.json5"), "utf8");
const ENVIRONMENT: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: "sk-ant-1f9a72c07b55",
  OPENCLAW_ANCHOR_URL: "https://witness.example.com/a",
  OPENCLAW_SMTP_PASSWORD: "correct horse battery",
  STRONG: "wJ3kP9xQ2mZ7vT5cR8nB4hL6",
};

export const token = (change: Partial<TokenFact> = {}): TokenFact => ({
  id: "tok1",
  name: "bot",
  owner: "operator",
  role: "user",
  scopes: [],
  channels: [],
  allowedIps: [],
  createdAt: daysAgo(1),
  expiresAt: daysAgo(-1),
  lastUsedAt: AT,
  supersededAt: null,
  revokedAt: null,
  ...change,
});

export interface Spoiled {
  /** A configuration text instead of the hardened one. */
  config?: string;
  sources?: { [Name in keyof Sources]?: (sound: Sources[Name], all: Sources) => Sources[Name] };
}

export function soundFacts({ config = HARDENED, sources: changes = {} }: Spoiled = {}): ScanFacts {
  const paths = homePaths("/srv/openclaw");
  const lookup = (name: string): string | undefined => ENVIRONMENT[name];
  const inspection = inspectConfig(config, { paths, lookup });
  const read = <T>(value: T): Reading<T> => ({ read: true, value });
  const parsed = inspection.config;
  const configuration =
    parsed === undefined
      ? undefined
      : configurationFacts(paths.configFile, true, { ...inspection, config: parsed }, { lookup });
  const roles = parsed?.security.authorization.roles;
  const policy = mergePolicy(
    {
      enabled: true,
      roles: roles !== undefined && Object.keys(roles).length > 0 ? roles : undefined,
      users: parsed?.security.authorization.users,
      channels: parsed?.channels,
    },
    {
      roles: [
        { name: "admin", permissions: ["*"], channels: ["*"], commands: ["*"] },
        { name: "user", permissions: ["read", "write"], channels: ["*"], commands: ["help", "ask", "run"] },
        { name: "readonly", permissions: ["read"], channels: ["*"], commands: ["help"] },
      ],
      users: [],
      channels: [],
    },
  );
  const sound: Omit<Sources, "configuration"> = {
    problems: inspection.problems,
    files: [],
    surroundings: {
      gitFolder: null,
      syncedFolder: null,
      temporary: null,
      copies: [],
      openEnvFiles: [],
      freeShare: 0.5,
      freeBytes: 100 * 1024 ** 3,
      masterSecret: "file elsewhere",
    },
    certificate: {
      file: "/etc/openclaw/cert.pem",
      keyType: "ec",
      keyBits: 256,
      signature: "ecdsa-with-SHA256",
      selfSigned: false,
      hasNames: true,
      validDays: 90,
      warnings: [],
    },
    machine: {
      uid: 998,
      homeOwner: 998,
      umask: 0o027,
      node: "24.21.0",
      variables: new Map(),
      coreLimit: 0,
      corePattern: "core",
      plainSwap: [],
      addressRandomisation: 2,
      openEngineSocket: null,
      memoryBytes: 8 * 1024 ** 3,
      cpus: 4,
    },
    firewall: [],
    dependencies: {
      lockFile: "/opt/openclaw/package-lock.json",
      hasLock: true,
      withoutHash: [],
      insecure: [],
      drifted: [],
      vulnerable: [],
      nodeNeeded: 24,
    },
    backups: [
      {
        name: "openclaw-20261126T000000000Z-full.ocgbackup",
        kind: "full",
        bytes: 1,
        createdAt: daysAgo(0.5),
        encrypted: true,
        verification: { at: daysAgo(0.4), ok: true },
      },
    ],
    access: {
      policy,
      builtIn: new Set(["admin", "user", "readonly"]),
      live: [token()],
      usedAfterEnd: [],
      findings: [],
    },
    members: {
      members: ["ada@example.com", "bob@example.com"].map((email) => ({
        email,
        role: "admin",
        factor: true,
        recoveryCodes: 8,
        createdAt: daysAgo(100),
        lastSignInAt: daysAgo(1),
        disabled: false,
        liveSessions: 1,
      })),
      invitations: [],
    },
    senders: { connections: [], pendingPairings: 0, identities: [] },
    engine: {
      workers: [
        {
          id: "wrk1",
          alive: true,
          engine: {
            reachable: true,
            endpoint: "unix:///var/run/docker.sock",
            version: "27.0.0",
            runtimes: ["runc"],
            storageDriver: "overlay2",
            image: "openclaw/sandbox:latest",
            imageDigest: `sha256:${"a".repeat(64)}`,
            loopDisks: true,
            error: null,
          },
        },
      ],
      pendingApprovals: 0,
    },
    record: {
      sealedTo: 10,
      waiting: 0,
      newestEventAt: AT,
      checkpoint: { seq: 10, at: AT },
      anchor: { deliveredAt: AT, failures: 0, lastError: null },
      counts: new Map(),
      configuration: { event: "config.loaded", hash: inspection.hash, at: AT },
      oldestQuarantine: null,
      quarantined: 0,
    },
    database: {
      skewMs: 3,
      version: 18,
      settings: { fsync: "on", full_page_writes: "on", password_encryption: "scram-sha-256", log_statement: "none" },
      superuser: false,
      bypassesRowSecurity: false,
      recordPrivileges: [],
      everybodyCreates: false,
      remote: false,
      encrypted: false,
    },
    models: { unpriced: [] },
    upkeep: {
      contacts: [{ name: "mail", enabled: true, disabledReason: null }],
      rules: [{ name: "Regressed", isBuiltIn: true, paused: false, health: "ok" }],
      keys: [{ id: "provider:anthropic", path: "security.apiKeys.anthropic", owner: "file", rotatedAt: daysAgo(3) }],
      vulnerabilities: { at: daysAgo(1), verdict: "clear", findings: [] },
    },
  };
  const all = { ...sound, ...(configuration === undefined ? {} : { configuration }) } as Sources;
  const entries = (Object.keys(all) as (keyof Sources)[]).map((name) => {
    const change = changes[name] as ((value: unknown, all: Sources) => unknown) | undefined;
    return [name, read(change === undefined ? all[name] : change(all[name], all))] as const;
  });
  return {
    at: AT,
    file: paths.configFile,
    place: inspection.place,
    sources: {
      configuration: { read: false, why: "it cannot be read" },
      ...Object.fromEntries(entries),
    } as ScanFacts["sources"],
  };
}
