/** Gives a file back out of quarantine: through the policy, under its name, never over another file. */
import { recordEvents } from "#server/audit/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { withTx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { writeMediated } from "#server/files/mediated.ts";
import type { FileRules } from "#server/files/policy.ts";
import { openBox, sha256 } from "#server/files/quarantine-box.ts";
import type { QuarantineDeps } from "#server/files/quarantine-file.ts";
import { findQuarantined } from "#server/files/quarantine-list.ts";
import { accessRecorder, type AccessOrigin } from "#server/files/record-access.ts";
import { FileFinding, isCritical, type FileSystemConfig } from "#server/files/schema.ts";

export interface RestoreOptions {
  /** Folder, absolute. */
  to: string;
  /** Name instead of its own. */
  as?: string | undefined;
  /** Although its findings are critical. */
  force?: boolean | undefined;
}

/**
 * The copy in quarantine stays until it is deleted.
 * @returns the path of the restored file.
 * @throws AppError NOT_FOUND, CONFLICT when it is not there any more or was tampered with, FORBIDDEN by the policy or without `force`.
 */
export async function restoreQuarantined(
  deps: QuarantineDeps & { rules: FileRules; monitoring: FileSystemConfig["monitoring"] },
  origin: AccessOrigin,
  id: string,
  { to, as, force }: RestoreOptions,
): Promise<string> {
  const { db, rules, monitoring, paths } = deps;
  const row = await findQuarantined(db, id);
  if (row.state !== "stored" && row.state !== "restored") {
    throw new AppError("CONFLICT", `The file ${id} is "${row.state}" and cannot be restored.`);
  }
  const findings = FileFinding.array().parse(row.findings);
  const name = as ?? row.name;
  const path = `${to}/${name}`;
  const record = accessRecorder(db, origin, monitoring);
  if (isCritical(findings) && force !== true) {
    const message = `The file ${id} is dangerous: ${findings.map(({ evidence }) => evidence).join("; ")}. Add --force to restore it all the same.`;
    await record({
      operation: "write",
      path,
      bytes: null,
      answer: { allow: false, code: "content_suspicious", because: `quarantine ${id}`, message },
    });
    throw new AppError("FORBIDDEN", message);
  }
  if (name === "" || name.includes("/")) {
    throw new AppError(
      "INVALID_INPUT",
      "A name for the restored file must not hold a slash. Choose the folder with --to.",
    );
  }
  const content = openBox(paths, row);
  if (!sameBytes(sha256(content), row.sha256)) {
    throw new AppError("CONFLICT", `The content of ${id} is not what was taken in. Nothing was restored.`);
  }
  const restored = await writeMediated({ rules, record }, path, content);
  await withTx(db, async (tx) => {
    // Deleted in the meantime stays deleted.
    await tx.quarantinedFile.updateMany({
      where: { id, state: { in: ["stored", "restored"] } },
      data: { state: "restored", endedAt: new Date(deps.clock.now()), endedBy: origin.actor.id },
    });
    const data = { path: restored, forced: isCritical(findings) };
    await recordEvents(tx, [{ ...origin, event: "file.restored", outcome: "ok", target: id, data }]);
  });
  return restored;
}
