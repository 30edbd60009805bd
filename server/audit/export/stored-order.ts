/** An export's order as `orderJson` writes it, read back. */
import { z } from "zod";
import { AuditFilter } from "#server/audit/filter.ts";

const time = z.iso.datetime().transform((text) => new Date(text));

export const StoredOrder = z.object({
  record: z.string(),
  generatedAt: z.iso.datetime(),
  filter: AuditFilter.omit({ before: true, limit: true }).extend({ since: time.optional(), until: time.optional() }),
  from: z.int().min(1),
  to: z.int().min(0),
});
