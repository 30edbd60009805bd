/** Looks at one file through the policy: may it pass, what is suspicious about it, and, when asked, off to quarantine with it. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { inspectFile } from "#server/files/inspect.ts";
import { readMediated } from "#server/files/mediated.ts";
import type { FileRules } from "#server/files/policy.ts";
import { quarantineFile, type QuarantineDeps } from "#server/files/quarantine-file.ts";
import { accessRecorder, type AccessOrigin } from "#server/files/record-access.ts";
import type { FileFinding, FileSystemConfig } from "#server/files/schema.ts";

export interface CheckedFile {
  path: string;
  bytes: number;
  findings: FileFinding[];
  /** Null = it was left where it is. */
  quarantined: { id: string; originalRemoved: boolean } | null;
}

/**
 * Findings are recorded as `file.suspicious`.
 * @param quarantine moves a file with findings to quarantine, where `quarantineSuspicious` allows it.
 * @throws FileRefused, after it is recorded.
 */
export async function checkFile(
  deps: QuarantineDeps & { rules: FileRules; monitoring: FileSystemConfig["monitoring"] },
  origin: AccessOrigin,
  asked: string,
  { quarantine }: { quarantine: boolean },
): Promise<CheckedFile> {
  const { db, rules, monitoring } = deps;
  const record = accessRecorder(db, origin, monitoring);
  const { path, content, identity } = await readMediated({ rules, record }, asked);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const findings = inspectFile(name, content);
  const checked = { path, bytes: content.length, findings, quarantined: null };
  if (findings.length === 0) {
    return checked;
  }
  const data = { findings: findings.map((finding) => ({ ...finding })) };
  await withTx(db, (tx) =>
    recordEvents(tx, [{ ...origin, event: "file.suspicious", outcome: "denied", target: path, data }]),
  );
  if (!quarantine || !monitoring.quarantineSuspicious) {
    return checked;
  }
  const suspect = { name, content, findings, original: { path, identity } };
  return { ...checked, quarantined: await quarantineFile(deps, origin, suspect) };
}
