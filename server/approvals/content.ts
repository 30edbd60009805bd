/** What is approved: the exact program or question, its files and where it runs, in one form of which there is one hash. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "#server/audit/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";
import { RUN_LANGUAGES, Turn } from "#server/sandbox/schema.ts";

export const ApprovalContent = z.strictObject({
  /** The command that asked, which is decided about again. */
  command: z.string(),
  language: z.enum(RUN_LANGUAGES),
  code: z.string(),
  profile: z.string(),
  agent: z.string().nullable(),
  model: z.string().nullable(),
  outputs: z.array(z.string()),
  /** See `RunRequest` in server/sandbox/schema.ts. */
  conversationId: z.string().nullable().default(null),
  history: z.array(Turn).default([]),
  files: z.array(
    z.strictObject({ path: z.string(), bytes: z.number(), content: z.string(), reason: z.string().nullable() }),
  ),
});
export type ApprovalContent = z.infer<typeof ApprovalContent>;

const contextOf = (id: string): string => `run_approval|content|${id}`;

/** The bytes that are hashed and stored. */
function bytesOf(content: ApprovalContent): Buffer {
  return Buffer.from(canonicalJson(ApprovalContent.parse(content)), "utf8");
}

export function sealContent(keyring: Keyring, id: string, content: ApprovalContent) {
  const bytes = bytesOf(content);
  return {
    content: new Uint8Array(sealValue(keyring, "database", bytes, contextOf(id))),
    sha256: new Uint8Array(createHash("sha256").update(bytes).digest()),
  };
}

/** Everything to be read before it is approved: the program or question, then the earlier turns that go with it, one a line. */
export function readableText({ code, history }: ApprovalContent): string {
  const lines = history.map(({ role, content }) => `${role}: ${JSON.stringify(content)}`);
  return lines.length === 0
    ? code
    : [code, "", `Earlier turns that go with it (${lines.length}):`, ...lines].join("\n");
}

/**
 * Whether the same was asked for as is stored: what the agent remembers may have grown meanwhile, and what is stored stays what runs.
 * @throws AppError CANNOT_DECRYPT
 */
export function isSameRequest(
  keyring: Keyring,
  stored: { id: string; content: Uint8Array; sha256: Uint8Array },
  asked: ApprovalContent,
): boolean {
  const known = openContent(keyring, stored);
  return sameBytes(bytesOf(known), bytesOf({ ...asked, history: known.history }));
}

/** @throws AppError CANNOT_DECRYPT for what was changed, moved, or is not what the hash was made of */
export function openContent(
  keyring: Keyring,
  { id, content, sha256 }: { id: string; content: Uint8Array; sha256: Uint8Array },
): ApprovalContent {
  const bytes = openValue(keyring, "database", content, contextOf(id));
  if (!sameBytes(createHash("sha256").update(bytes).digest(), sha256)) {
    throw new AppError("CANNOT_DECRYPT", `What approval ${id} was asked for is not what is stored. Ask for it again.`);
  }
  return ApprovalContent.parse(JSON.parse(bytes.toString("utf8")));
}
