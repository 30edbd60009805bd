/** `logging`: the application log, the audit record and the security log. */
import { z } from "zod";
import { AUDIT_KINDS, SECURITY_KINDS } from "#server/audit/schema.ts";
import { duration, text } from "#server/config/schema/fields.ts";
import { DAY } from "#server/config/units.ts";

const level = () => z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);

const Audit = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Keeps the audit record. Management events are kept in any case."),
    file: text()
      .prefault("~/.openclaw/logs/audit.log")
      .describe("File the record is copied to, one JSON object per line."),
    format: z.literal("json").prefault("json").describe("Format of that file."),
    events: z
      .array(z.enum(AUDIT_KINDS))
      .prefault([...AUDIT_KINDS])
      .describe("Kinds of events that are recorded. Management events cannot be left out."),
    retention: duration({ min: DAY, max: 36_500 * DAY })
      .prefault("365d")
      .describe("Age at which records are removed."),
    compression: z.boolean().prefault(true).describe("Compresses rotated files."),
    encryption: z.boolean().prefault(true).describe("Encrypts the files."),
  })
  .prefault({})
  .describe("The audit record.");

const Security = z
  .strictObject({
    level: level().prefault("warn").describe("Lowest level that is written."),
    includeStackTrace: z.boolean().prefault(true).describe("Adds stack traces to errors."),
    alertOnFailures: z.boolean().prefault(true).describe("Raises an alert for each failure."),
    events: z
      .array(z.enum(SECURITY_KINDS))
      .prefault([...SECURITY_KINDS])
      .describe("Kinds of security events."),
  })
  .prefault({})
  .describe("The security log.");

export const Logging = z
  .strictObject({
    level: level().prefault("info").describe("Lowest level of the application log."),
    audit: Audit,
    security: Security,
  })
  .prefault({})
  .describe("Logs.");
