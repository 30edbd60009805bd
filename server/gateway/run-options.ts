/**
 * What a message may carry for the run it starts: a sandbox profile, files to bring along, paths to keep. Everything is judged before the
 * run is accepted; what is refused refuses the message and is on record.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AuditData, AuditEventInput } from "#server/audit/schema.ts";
import {
  judgeRunFile,
  newLook,
  noticed,
  quarantineFile,
  RunFileNames,
  wantedPathRefusal,
  type RunFileRules,
  type RunFileVerdict,
} from "#server/files/index.ts";
import { RUN_FILE_LIMITS, type FileFinding, type FileRefusal } from "#server/files/schema.ts";
import type { CommandContext } from "#server/gateway/commands/command.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { AttachedFile } from "#server/gateway/schema.ts";
import type { NewRunFile } from "#server/sandbox/index.ts";
import { profilesOfRole } from "#server/sandbox/policy.ts";

export interface RunOptions {
  /** Absent = the first of the role's. */
  profile?: string | undefined;
  files?: readonly AttachedFile[] | undefined;
  /** Paths below /workspace to keep. */
  outputs?: readonly string[] | undefined;
}

interface AcceptedFiles {
  files: NewRunFile[];
  /** For the run's own transaction. */
  events: AuditEventInput[];
}

export const hasOptions = ({ profile, files, outputs }: RunOptions): boolean =>
  profile !== undefined || (files?.length ?? 0) > 0 || (outputs?.length ?? 0) > 0;

/** The profile that was asked for, or the role's own. @throws Refusal FORBIDDEN */
export function allowedProfile({ services, decision, options, ...message }: CommandContext): string {
  const { sandboxing } = services.config.current().config.security;
  const { role } = decision;
  const allowed = profilesOfRole(sandboxing, role);
  const [own] = allowed;
  const asked = options.profile ?? own;
  if (asked !== undefined && allowed.includes(asked)) {
    return asked;
  }
  const because = `security.sandboxing.roles.${role}`;
  throw new Refusal(
    "FORBIDDEN",
    `profile: role "${role}" may not use the profile "${(asked ?? "").slice(0, 40)}". Leave it out, or use one of: ${allowed.join(", ")}.`,
    {
      event: "access.denied",
      reason: "profile_not_allowed",
      because,
      channel: message.channel,
      userId: message.userId ?? undefined,
      data: { command: message.received.data?.["command"] ?? null, role },
    },
    { details: { reason: "profile_not_allowed", because } },
  );
}

/** The paths to keep, each a plain one below /workspace. @throws Refusal INVALID_INPUT */
export function acceptedOutputs(context: CommandContext): string[] {
  const rules = context.services.config.current().config.security.fileSystem;
  const outputs = [...new Set(context.options.outputs ?? [])];
  for (const [index, path] of outputs.entries()) {
    const refusal = wantedPathRefusal(rules, path);
    if (refusal !== null) {
      throw refusedFile(context, `outputs.${index}`, path, refusal, { operation: "read" });
    }
  }
  return outputs;
}

/**
 * The attached files, when every one of them may pass.
 * @throws Refusal INVALID_INPUT naming the first that may not; a suspicious one is in quarantine then, where the configuration wants it.
 */
export async function acceptedFiles(context: CommandContext): Promise<AcceptedFiles> {
  const rules = context.services.config.current().config.security.fileSystem;
  const attached = context.options.files ?? [];
  refuseTooMuch(context, attached);
  const names = new RunFileNames(rules);
  const look = newLook();
  const accepted: AcceptedFiles = { files: [], events: [] };
  for (const [index, { path, content: encoded }] of attached.entries()) {
    const content = Buffer.from(encoded, "base64");
    const judged = judgeRunFile(rules, names, { path, direction: "input", content }, look);
    if (judged.verdict === "refused") {
      throw refusedFile(context, `files.${index}`, path, judged.refusal, { operation: "write", bytes: content.length });
    }
    if (judged.verdict === "suspicious") {
      throw await suspiciousFile(context, rules, { field: `files.${index}`, path, content }, judged.findings);
    }
    keep(context, rules, accepted, { path, content }, judged);
    // Looking at many files must not keep everybody else waiting.
    await nextTurn();
  }
  return accepted;
}

function refuseTooMuch(context: CommandContext, attached: readonly AttachedFile[]): void {
  const bytes = attached.reduce((sum, { content }) => sum + Buffer.byteLength(content, "base64"), 0);
  if (bytes > RUN_FILE_LIMITS.inputBytes) {
    const message = `All files of one message together may have ${RUN_FILE_LIMITS.inputBytes} bytes; these have ${bytes}. Send less.`;
    const refusal: FileRefusal = { allow: false, code: "file_too_large", because: "built-in", message };
    throw refusedFile(context, "files", null, refusal, { operation: "write", bytes });
  }
}

function keep(
  context: CommandContext,
  { monitoring }: RunFileRules,
  accepted: AcceptedFiles,
  { path, content }: { path: string; content: Buffer },
  { findings }: Extract<RunFileVerdict, { findings: FileFinding[] }>,
): void {
  const bytes = content.length;
  const reason = noticed(findings);
  accepted.files.push({ path, bytes, content, verdict: "stored", reason });
  if (monitoring.logFileAccess) {
    const data = { operation: "write", path, bytes };
    accepted.events.push({ ...context.received, event: "file.accessed", reason: "allowed", because: undefined, data });
  }
  if (findings.length > 0) {
    const data = { path, findings: findings.map((finding) => ({ ...finding })) };
    accepted.events.push({ ...context.received, event: "file.suspicious", because: undefined, data });
  }
}

function refusedFile(
  context: CommandContext,
  field: string,
  path: string | null,
  { code, because, message }: FileRefusal,
  data: AuditData,
): Refusal {
  return new Refusal(
    "INVALID_INPUT",
    `${field}: ${message}`,
    { ...aboutMessage(context), event: "file.refused", reason: code, because, data: { ...data, path } },
    { details: { fields: [{ field, problem: message }], code, because } },
  );
}

async function suspiciousFile(
  context: CommandContext,
  { monitoring }: RunFileRules,
  { field, path, content }: { field: string; path: string; content: Buffer },
  findings: FileFinding[],
): Promise<Refusal> {
  const { services, received, userId, channel, requestId } = context;
  const { tokenId, actor } = received;
  const origin = { actor, tokenId, userId: userId ?? undefined, channel, requestId };
  const name = path.slice(path.lastIndexOf("/") + 1);
  const quarantined = monitoring.quarantineSuspicious
    ? await quarantineFile(services, origin, { name, content, findings })
    : null;
  const problem = `"${path}" is ${noticed(findings) ?? "suspicious"}.${quarantined === null ? "" : ` It is kept in quarantine as ${quarantined.id}.`} Nothing was run.`;
  const data = {
    path,
    quarantineId: quarantined?.id ?? null,
    findings: findings.map((finding) => ({ ...finding })),
  };
  return new Refusal(
    "INVALID_INPUT",
    `${field}: ${problem}`,
    { ...aboutMessage(context), event: "file.suspicious", reason: "content_suspicious", data },
    { details: { fields: [{ field, problem }], code: "content_suspicious" } },
  );
}

const aboutMessage = ({ channel, userId }: CommandContext) => ({ channel, userId: userId ?? undefined });
