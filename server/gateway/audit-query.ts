/** Query and answer of `GET /api/v1/audit` as they are on the wire. */
import { z } from "zod";
import { AuditFilter } from "#server/audit/index.ts";

const time = z.iso
  .datetime({ offset: true, error: "must be a time with its zone, such as 2026-03-01T12:00:00Z" })
  .transform((text) => new Date(text));

export const AuditQuery = AuditFilter.extend({
  since: time.optional().describe("Events from this time on."),
  until: time.optional().describe("Events before this time."),
  before: z.coerce
    .number()
    .int()
    .positive()
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("`next` of the page before."),
  limit: z.coerce.number().int().min(1).max(200).default(50),
}).refine(({ since, until }) => since === undefined || until === undefined || since < until, {
  path: ["until"],
  message: "lies before `since`",
});

const text = z.string().optional();

export const AuditPageView = z
  .object({
    events: z.array(
      z.object({
        seq: z.number().int().describe("Place in the record."),
        at: z.string(),
        event: z.string(),
        code: z.string().describe("Stable, for rules of a SIEM."),
        kind: z.string(),
        severity: z.string(),
        outcome: z.string(),
        actorType: z.string(),
        actorId: z.string(),
        tokenId: text,
        userId: text,
        channel: text,
        address: text,
        requestId: text,
        correlationId: text,
        target: text,
        reason: text,
        because: text,
        data: z.looseObject({}),
      }),
    ),
    next: z
      .number()
      .int()
      .nullable()
      .describe(
        "`before` of the next page, null on the last one. A page may hold fewer events than `limit` and have a next one.",
      ),
    count: z.number().int().describe("Events that match the filter, on all pages."),
    atLeast: z.boolean().describe("There may be more than `count`: counting stops where it would take long."),
  })
  .describe("A page of the audit record");
