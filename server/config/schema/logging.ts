/** `logging`: the application log, the audit record and the security log. */
import { z } from "zod";
import { AUDIT_KINDS, SECURITY_KINDS } from "#server/audit/schema.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import { duration, secret, size, text } from "#server/config/schema/fields.ts";
import { DAY } from "#server/config/units.ts";

const MIB = 1024 * 1024;

const level = () => z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);

/** Plain HTTP stays on this machine; which address a name leads to is judged when it is used. */
const anchorUrl = secret().refine(
  (value) => isSealed(value) || /^\$\{|^https:\/\/|^http:\/\/(?:127\.|\[::1\])/i.test(value),
  { error: 'must be a URL that starts with "https://"' },
);

const Audit = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Keeps the audit record. Management events are kept in any case."),
    file: text()
      .prefault("~/.openclaw/logs/audit.log")
      .describe(
        "File the record is copied to, one JSON object per line. As by default it lies in `security.storage.logPath`.",
      ),
    format: z.literal("json").prefault("json").describe("Format of that file."),
    events: z
      .array(z.enum(AUDIT_KINDS))
      .prefault([...AUDIT_KINDS])
      .describe("Kinds of events that are recorded. Management events cannot be left out."),
    retention: duration({ min: DAY, max: 36_500 * DAY })
      .prefault("365d")
      .describe("Age at which records are removed."),
    maxFileSize: size({ min: MIB, max: 100 * 1024 * MIB })
      .prefault("50m")
      .describe("Size from which the file, and the security log, are rotated."),
    compression: z.boolean().prefault(true).describe("Compresses rotated files."),
    encryption: z.boolean().prefault(true).describe("Encrypts the files: each line, and rotated files as a whole."),
    anchor: z
      .strictObject({
        url: anchorUrl.describe(
          "Address that each signed checkpoint is sent to as text (POST), so that a copy lies where this machine cannot change it. Private addresses are refused, unless `security.outbound.allowedPrivate` opens them.",
        ),
      })
      .optional()
      .describe("Where checkpoints of the record are kept outside."),
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
