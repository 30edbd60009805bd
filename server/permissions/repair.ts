/**
 * Gives files and folders the modes they should have.
 * Threat: between the look and the repair a name is exchanged for a link or another file. What was found is opened again without following a
 * link, compared, and changed through the open descriptor. Owners are never changed.
 */
import { chmodSync, closeSync } from "node:fs";
import { messageOf } from "#server/core/errors.ts";
import { atDescriptor, openPath } from "#server/files/index.ts";
import type { HomeFacts, PermissionFinding } from "#server/permissions/schema.ts";

export interface RepairOutcome {
  repaired: readonly PermissionFinding[];
  /** Those that were to be repaired, with the reason why not. */
  failed: readonly { finding: PermissionFinding; reason: string }[];
}

export function repair(facts: HomeFacts, findings: readonly PermissionFinding[]): RepairOutcome {
  const repaired: PermissionFinding[] = [];
  const failed: { finding: PermissionFinding; reason: string }[] = [];
  for (const finding of findings) {
    if (finding.repair === null) {
      continue;
    }
    // A file that has another name, or another owner, may be somebody else's.
    const doubtful = findings.some(({ path, problem }) => path === finding.path && problem !== "mode");
    const reason = doubtful
      ? "something else is wrong with it as well"
      : changeMode(facts, finding.path, finding.repair);
    if (reason === null) {
      repaired.push(finding);
    } else {
      failed.push({ finding, reason });
    }
  }
  return { repaired, failed };
}

/** @returns why not, or null. */
function changeMode({ entries }: HomeFacts, path: string, mode: number): string | null {
  const seen = entries.find((entry) => entry.path === path);
  try {
    const { descriptor, facts } = openPath(path);
    try {
      if (
        facts.dev !== seen?.device ||
        facts.ino !== seen.inode ||
        Number(facts.uid) !== seen.uid ||
        (facts.isFile() && facts.nlink > 1n)
      ) {
        return "it was exchanged while it was being looked at";
      }
      chmodSync(atDescriptor(descriptor), mode);
      return null;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return messageOf(error);
  }
}
