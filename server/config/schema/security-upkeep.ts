/** `security.maintenance`, `security.vulnerabilities`: what has to be looked at now and then. Ours, not the guide's. */
import { z } from "zod";
import { duration } from "#server/config/schema/fields.ts";
import { httpUrl } from "#server/config/schema/http-url.ts";
import { DAY } from "#server/config/units.ts";

const every = (written: string) => duration({ min: DAY, max: 3650 * DAY }).prefault(written);

export const Maintenance = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Reminds of upkeep that is due; due dates are shown in any case."),
    vulnerabilityCheck: every("7d").describe("Longest time between two looks for known vulnerabilities."),
    tokenRotation: every("90d").describe("Age at which an API token is to be rotated."),
    permissionAudit: every("30d").describe("Longest time between two checks of permissions."),
    logReview: every("30d").describe("Longest time without anybody reading the record."),
    securityScan: every("7d").describe("Longest time between two security scans."),
    backupVerification: every("30d").describe("Longest time between two test restores of a backup."),
  })
  .prefault({})
  .describe("Upkeep and how often it is due.");

export const Vulnerabilities = z
  .strictObject({
    osvUrl: httpUrl()
      .prefault("https://api.osv.dev/v1/querybatch")
      .describe("Service with the API of OSV that knows advisories; it is sent names and versions of packages."),
    registry: httpUrl()
      .optional()
      .describe(
        "Registry that is asked for advisories of npm packages. Unset: the one that npm itself is set up with.",
      ),
  })
  .prefault({})
  .describe(
    "Where `openclaw security check-vulnerabilities` asks. An address of your own network written here is open without an entry in `security.outbound`.",
  );
