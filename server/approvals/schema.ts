/** Runs that somebody else has to allow, as the console, the command line and the API see them. Browser-safe. */
import { z } from "zod";

const APPROVAL_STATES = ["pending", "approved", "refused", "expired", "started", "failed"] as const;

/** Time to decide (milliseconds). */
export const APPROVAL_LIFETIME_MS = 60 * 60_000;
/** Hexadecimal digits of the hash that name what was read. */
export const HASH_DIGITS = 8;

export const ApprovalId = z.string().regex(/^apr_[0-9a-z]{1,40}$/, "an id such as apr_8m3k0v2r");

const Summary = z.object({
  id: z.string(),
  state: z.enum(APPROVAL_STATES),
  /** Why it failed. */
  reason: z.string().nullable(),
  /** SHA-256 of what would run, in hexadecimal. */
  sha256: z.string(),
  language: z.string(),
  profile: z.string(),
  agent: z.string().nullable(),
  userId: z.string().nullable(),
  channel: z.string(),
  runId: z.string().nullable(),
  createdAt: z.date(),
  expiresAt: z.date(),
  decidedBy: z.string().nullable(),
  decidedAt: z.date().nullable(),
});
export type ApprovalSummary = z.infer<typeof Summary>;

/** As the caller who asked for it sees it over the API. */
export const ApprovalState = z.object({
  id: z.string(),
  state: z.enum(APPROVAL_STATES).describe("`started`: its run is `runId`."),
  reason: z.string().nullable().describe("Why it failed."),
  runId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe("Nobody may approve it from then on."),
});
export type ApprovalState = z.infer<typeof ApprovalState>;

export const ApprovalQuery = z.strictObject({ state: z.enum(APPROVAL_STATES).optional() });
export const ApprovalList = z.object({ now: z.date(), approvals: z.array(Summary) });

export const ApprovalOf = z.strictObject({ id: ApprovalId });
export const ApprovalDetail = Summary.extend({
  /** The program or question with everything made visible that an eye would miss. */
  text: z.string(),
  /** Characters that were made visible: more than none is a reason to look twice. */
  hidden: z.number(),
  model: z.string().nullable(),
  outputs: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
});
export type ApprovalDetail = z.infer<typeof ApprovalDetail>;

export const DecideApproval = z.strictObject({
  id: ApprovalId,
  approve: z.boolean(),
  /** The hash of what was read, or its beginning. */
  sha256: z.string().regex(/^[0-9a-fA-F]{8,64}$/, "the first eight digits of the hash, or more"),
});
export type DecideApproval = z.infer<typeof DecideApproval>;
