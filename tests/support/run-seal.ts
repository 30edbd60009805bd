/** Encryption of runs as the server and the worker compose it, with the settings a test asks for. */
import { openTestKeyring } from "./keyring.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createRunSeal, type RunSeal } from "#server/sandbox/index.ts";
import type { RunSealConfig } from "#server/sandbox/run-seal.ts";

/** `security.encryption` as it is by default, and the other ways it can be set. */
export const ENCRYPTION = {
  default: { database: { enabled: true }, messages: { enabled: false, algorithm: "AES-256-CBC" } },
  "messages with CBC": { database: { enabled: true }, messages: { enabled: true, algorithm: "AES-256-CBC" } },
  "messages with GCM": { database: { enabled: true }, messages: { enabled: true, algorithm: "AES-256-GCM" } },
  "messages only": { database: { enabled: false }, messages: { enabled: true, algorithm: "AES-256-CBC" } },
  off: { database: { enabled: false }, messages: { enabled: false, algorithm: "AES-256-CBC" } },
} as const satisfies Record<string, RunSealConfig>;

interface TestRunSeal {
  runSeal: RunSeal;
  keyring: Keyring;
  /** What was recorded as unreadable. */
  unreadable: AuditEventInput[];
  /** Changes the settings in force. */
  configure(encryption: RunSealConfig): void;
}

/** @param keysDir the keys of a home; default: keys of its own. */
export async function openTestRunSeal(keysDir?: string): Promise<TestRunSeal> {
  const keyring = await openTestKeyring(keysDir);
  const unreadable: AuditEventInput[] = [];
  let current: RunSealConfig = ENCRYPTION.default;
  const runSeal = createRunSeal({
    keyring,
    encryption: () => current,
    actor: { type: "system", id: "test" },
    record: (event) => void unreadable.push(event),
  });
  return { runSeal, keyring, unreadable, configure: (encryption) => void (current = encryption) };
}
