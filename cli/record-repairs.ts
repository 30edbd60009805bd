/** Corrected modes, on record. */
import type { CliContext } from "./context.ts";
import { changeOnRecord } from "./record-change.ts";
import type { PermissionFinding } from "#server/permissions/schema.ts";

/** How many go on record by name. */
const MAX_RECORDED = 100;

export async function recordRepairs(context: CliContext, repaired: readonly PermissionFinding[]): Promise<void> {
  if (repaired.length === 0) {
    return;
  }
  const files = repaired.slice(0, MAX_RECORDED).map(({ path, found, repair: mode }) => ({
    path,
    from: found,
    to: (mode ?? 0).toString(8).padStart(4, "0"),
  }));
  const data = { count: repaired.length, files };
  // The modes are corrected already: a repair that was not recorded is better than a record that was not repaired.
  await changeOnRecord(
    context,
    { event: "permissions.fixed", outcome: "ok", target: context.paths.home, data },
    () => undefined,
  );
}
