/** Puts the files a program left behind where they belong: suspicious ones into quarantine, the others with the end of their run. */
import type { z } from "zod";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Tx } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import { quarantineFile, type QuarantineDeps, type RunFileRules } from "#server/files/index.ts";
import { fileEvent, runFileRows, storeRunFiles, type NewRunFile, type RunSeal } from "#server/sandbox/index.ts";
import type { RunEventData } from "#server/sandbox/schema.ts";
import type { OutputFile } from "#worker/outputs/read-outputs.ts";

/** Whose files they are: who the record says acted, and for whom. */
type OutputOrigin = Pick<AuditEventInput, "actor" | "tokenId" | "userId" | "channel" | "requestId">;

export interface StoredOutputs {
  /** For the run's stream, before its end. */
  events: z.infer<(typeof RunEventData)["file"]>[];
  /** Writes rows and record; belongs into the transaction that ends the run, and may be called again when that one failed. */
  store: (tx: Tx) => Promise<void>;
}

/**
 * Quarantine happens here and now, on its own record; a run that is done again may so leave two copies, never none.
 * A file that cannot be put into quarantine is not kept at all.
 */
export async function prepareOutputs(
  deps: QuarantineDeps & { runSeal: RunSeal; log: Logger },
  run: { id: string; origin: OutputOrigin },
  outputs: readonly OutputFile[],
  { monitoring }: Pick<RunFileRules, "monitoring">,
): Promise<StoredOutputs> {
  const files: NewRunFile[] = [];
  const record: AuditEventInput[] = [];
  for (const output of outputs) {
    const { file, event } = await settle(deps, run, output);
    files.push(file);
    const isAccess = event.event === "file.accessed";
    if (!isAccess || monitoring.logFileAccess) {
      record.push(event);
    }
    if (isAccess && output.findings.length > 0) {
      record.push(suspicious(run, output, null));
    }
  }
  const rows = runFileRows(deps.runSeal, run.id, "output", files);
  return {
    events: files.map((file) => fileEvent("output", file)),
    async store(tx) {
      await storeRunFiles(tx, rows);
      await recordEvents(tx, record);
    },
  };
}

interface Settled {
  file: NewRunFile;
  event: AuditEventInput;
}

async function settle(
  deps: QuarantineDeps & { log: Logger },
  run: { id: string; origin: OutputOrigin },
  output: OutputFile,
): Promise<Settled> {
  const { path, bytes, content, verdict, reason, findings } = output;
  if (verdict === "stored") {
    const event = about(run, output, { event: "file.accessed", outcome: "ok", reason: "allowed" });
    return { file: { path, bytes, content, verdict, reason }, event };
  }
  if (verdict === "refused" || content === null) {
    const event = about(run, output, {
      event: "file.refused",
      outcome: "denied",
      reason: output.code ?? undefined,
      because: output.because ?? undefined,
    });
    return { file: { path, bytes, content: null, verdict: "refused", reason }, event };
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    const { id } = await quarantineFile(deps, run.origin, { name, content, findings, runId: run.id });
    const file: NewRunFile = { path, bytes, content: null, verdict: "quarantined", reason: `${id}: ${reason ?? ""}` };
    return { file, event: suspicious(run, output, id) };
  } catch (error) {
    deps.log.error({ err: error, runId: run.id, path }, "a suspicious file could not be put into quarantine");
    const why = `${reason ?? "suspicious"}. It could not be put into quarantine and was not kept.`;
    const event = { ...suspicious(run, output, null), reason: "quarantine_failed" };
    return { file: { path, bytes, content: null, verdict: "refused", reason: why }, event };
  }
}

function suspicious(run: { id: string; origin: OutputOrigin }, output: OutputFile, quarantineId: string | null) {
  const event = about(run, output, { event: "file.suspicious", outcome: "denied", reason: "content_suspicious" });
  const findings = output.findings.map((finding) => ({ ...finding }));
  return { ...event, data: { ...event.data, quarantineId, findings } };
}

/** A read: the file comes out of the container. */
function about(
  run: { id: string; origin: OutputOrigin },
  { path, bytes }: OutputFile,
  what: Pick<AuditEventInput, "event" | "outcome" | "reason" | "because">,
): AuditEventInput {
  return { ...run.origin, ...what, target: run.id, data: { operation: "read", path, bytes } };
}
