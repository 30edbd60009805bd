/** What checks are judged from. Gathered once per scan; each source is there as a whole, or is said not to have been readable. */
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { BackupSummary } from "#server/backups/schema.ts";
import type { Problem } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { FirewallDisagreement } from "#server/firewall/schema.ts";
import type { AccessFinding } from "#server/permissions/index.ts";
import type { PermissionFinding } from "#server/permissions/schema.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";

export type ConfigPath = readonly (string | number)[];

/** A secret of the configuration. The value itself is never among the facts. */
export interface SecretFact {
  path: ConfigPath;
  kept: "plain" | "reference" | "encrypted";
  /** Variables it refers to that are not set. */
  missing: readonly string[];
  /** Equal for equal values within one scan; null where the value cannot be seen. */
  digest: string | null;
  /** Characters; null where the value cannot be seen. */
  length: number | null;
  /** Why it is too weak for a shared token; null = it is not, or cannot be seen. */
  weak: string | null;
}

export interface ConfigurationFacts {
  file: string;
  config: Config;
  /** Whether the file itself holds that path. */
  isWritten: (path: ConfigPath) => boolean;
  secrets: readonly SecretFact[];
  /** Policy sections that the file owns. */
  owned: ReadonlySet<string>;
  /** Short hash of the text, as the gateway records it. */
  hash: string;
  exists: boolean;
}

export interface CertificateFacts {
  file: string;
  keyType: string;
  /** Of RSA and DSA: bits of the modulus; of EC the curve's. */
  keyBits: number | null;
  signature: string | null;
  selfSigned: boolean;
  hasNames: boolean;
  validDays: number;
  /** Stable code and the sentence of each warning that the start gives as well. */
  warnings: readonly { code: string; part: "cert" | "key"; reason: string; fix: string }[];
}

export interface SurroundingFacts {
  /** Work tree of git that the home or the configuration lies in. */
  gitFolder: { folder: string; what: string } | null;
  /** Folder that a service copies to other machines. */
  syncedFolder: { folder: string; service: string } | null;
  /** Below a folder that every account can write to and that is cleared. */
  temporary: string | null;
  /** Copies of the configuration that editors and people leave. */
  copies: readonly string[];
  /** Files with variables that other accounts can read. */
  openEnvFiles: readonly string[];
  /** Share of the home's file system that is free, 0..1. */
  freeShare: number;
  freeBytes: number;
  /** Where the master secret is taken from. */
  masterSecret: "environment" | "file in the home" | "file elsewhere";
}

export interface MachineFacts {
  /** Account of this process and of the home; null where the system has none. */
  uid: number | null;
  homeOwner: number | null;
  umask: number;
  node: string;
  /** Dangerous variables that are set, by name; values only of those that hold no secret. */
  variables: ReadonlyMap<string, string>;
  /** Soft limit of core files in bytes (Infinity = any), and where they go. Null where the system does not say. */
  coreLimit: number | null;
  corePattern: string | null;
  /** Swap places that are neither in memory nor an encrypted device. */
  plainSwap: readonly string[];
  /** 0 off … 2 full; null where the system does not say. */
  addressRandomisation: number | null;
  /** Engine socket that every account may write to. */
  openEngineSocket: string | null;
  memoryBytes: number;
  cpus: number;
}

export interface DependencyFacts {
  lockFile: string;
  hasLock: boolean;
  /** Packages of the lockfile without a hash. */
  withoutHash: readonly string[];
  /** Packages taken over plain HTTP or straight from a repository. */
  insecure: readonly string[];
  /** Packages whose installed version is not the locked one. */
  drifted: readonly { name: string; locked: string; installed: string }[];
  /** Direct dependencies at a version with a known flaw. */
  vulnerable: readonly { name: string; installed: string; needed: string; advisory: string }[];
  /** Lowest supported major version of Node. */
  nodeNeeded: number;
}

export interface TokenFact {
  id: string;
  name: string;
  owner: string;
  role: string;
  scopes: readonly string[];
  channels: readonly string[];
  allowedIps: readonly string[];
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  supersededAt: Date | null;
  revokedAt: Date | null;
}

export interface AccessState {
  policy: PolicySnapshot;
  builtIn: ReadonlySet<string>;
  /** Tokens that work. */
  live: readonly TokenFact[];
  /** Tokens that have ended, and were used after that. */
  usedAfterEnd: readonly TokenFact[];
  findings: readonly AccessFinding[];
}

export interface MemberFact {
  email: string;
  role: string;
  factor: boolean;
  recoveryCodes: number;
  createdAt: Date;
  lastSignInAt: Date | null;
  disabled: boolean;
  liveSessions: number;
}

export interface MemberState {
  members: readonly MemberFact[];
  /** Links to join that still work. */
  invitations: readonly { id: string; email: string | null; role: string; createdAt: Date; expiresAt: Date }[];
}

export interface SenderState {
  /** Connections kept in the database. */
  connections: readonly { channel: string; type: string; settings: Readonly<Record<string, unknown>> }[];
  /** Codes that wait for somebody to approve them. */
  pendingPairings: number;
  identities: readonly { channel: string; senderId: string; userId: string }[];
}

export interface EngineState {
  workers: readonly { id: string; alive: boolean; engine: EngineFacts }[];
  pendingApprovals: number;
}

export interface RecordState {
  sealedTo: number | null;
  waiting: number;
  newestEventAt: Date | null;
  checkpoint: { seq: number; at: Date } | null;
  anchor: { deliveredAt: Date | null; failures: number; lastError: string | null } | null;
  /** In the last 30 days, by event. */
  counts: ReadonlyMap<string, number>;
  /** Newest event about the configuration file. */
  configuration: { event: string; hash: string | null; at: Date } | null;
  oldestQuarantine: Date | null;
  quarantined: number;
}

export interface DatabaseState {
  /** Milliseconds by which the database's clock is ahead of this machine's. */
  skewMs: number;
  version: number;
  settings: Readonly<Record<string, string>>;
  superuser: boolean;
  bypassesRowSecurity: boolean;
  /** Privileges on the record that the web process must not have. */
  recordPrivileges: readonly string[];
  everybodyCreates: boolean;
  /** Whether this connection leaves the machine, and whether it is encrypted. */
  remote: boolean;
  encrypted: boolean;
}

export interface ModelState {
  /** Models called in the last 30 days whose cost is not known, with their calls. */
  unpriced: readonly { model: string; calls: number }[];
}

export interface UpkeepState {
  contacts: readonly { name: string; enabled: boolean; disabledReason: string | null }[];
  rules: readonly { name: string; isBuiltIn: boolean; paused: boolean; health: string | null }[];
  /** Keys of outside services that are in use. */
  keys: readonly { id: string; path: string; owner: string; rotatedAt: Date }[];
  /** The last look-up; null = there was none. */
  vulnerabilities: {
    at: Date;
    verdict: string;
    findings: readonly { id: string; name: string; version: string; severity: string; fixedIn: string | null }[];
  } | null;
}

/** A source's name is what a report says could not be read. */
export interface Sources {
  problems: readonly Problem[];
  configuration: ConfigurationFacts;
  files: readonly PermissionFinding[];
  surroundings: SurroundingFacts;
  /** Null while the gateway does not speak TLS itself. */
  certificate: CertificateFacts | null;
  machine: MachineFacts;
  /** Where the machine's rules and the configuration disagree; with all of them judged, or at least one disagreement. */
  firewall: readonly FirewallDisagreement[];
  dependencies: DependencyFacts;
  backups: readonly BackupSummary[];
  access: AccessState;
  members: MemberState;
  senders: SenderState;
  engine: EngineState;
  record: RecordState;
  database: DatabaseState;
  models: ModelState;
  upkeep: UpkeepState;
}
export type SourceName = keyof Sources;

export type Reading<T> = { read: true; value: T } | { read: false; why: string };

export interface ScanFacts {
  at: Date;
  sources: { readonly [Name in SourceName]: Reading<Sources[Name]> };
  /** Where a key stands in the configuration file, from 1; null without a file. */
  place: (path: ConfigPath) => { line: number; column: number } | null;
  file: string;
}

export const SOURCE_LABELS: Record<SourceName, string> = {
  problems: "the configuration's text",
  configuration: "the configuration",
  files: "files and folders of the home",
  surroundings: "the folders around the home",
  certificate: "the certificate",
  machine: "this machine",
  firewall: "the rules of this machine's firewall",
  dependencies: "installed packages",
  backups: "the folder of backups",
  access: "roles, users and tokens",
  members: "members of the console",
  senders: "channels and senders",
  engine: "workers and their engine",
  record: "the audit record",
  database: "the database's own settings",
  models: "calls of models",
  upkeep: "contact points, alert rules, keys and look-ups",
};
