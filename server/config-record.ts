/** What the record says about the configuration: loaded at the start, changed while the gateway runs, refused. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import { changedPaths, type ConfigEvent, type ConfigStore } from "#server/config/index.ts";

/** Makes the events of one process; call it with every event of its store, in their order. */
export function configRecorder(config: Pick<ConfigStore, "current">): (event: ConfigEvent) => AuditEventInput {
  let inForce = config.current().config;
  return (event) => {
    const common = { actor: { type: "operator", id: "configuration file" }, target: event.file } as const;
    const { hash } = event;
    if (event.kind === "rejected") {
      const data = { hash, problems: event.problems.length };
      return { ...common, event: "config.rejected", outcome: "denied", reason: "invalid", data };
    }
    const warnings = event.warnings.length;
    if (event.previousHash === undefined) {
      return { ...common, event: "config.loaded", outcome: "ok", data: { hash, warnings } };
    }
    const next = config.current().config;
    const paths = changedPaths(inForce, next);
    inForce = next;
    const data = { hash, previousHash: event.previousHash, warnings, paths };
    return { ...common, event: "config.changed", outcome: "ok", data };
  };
}
