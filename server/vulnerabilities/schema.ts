/** Words of the look-up for known vulnerabilities. Browser-safe. */
import { z } from "zod";

/** Worst first. `unknown` = the advisory does not say; it counts as high. */
export const VULNERABILITY_SEVERITIES = ["critical", "high", "moderate", "low", "unknown"] as const;
export type VulnerabilitySeverity = (typeof VULNERABILITY_SEVERITIES)[number];

/** What is looked at: the product's own dependencies, and the packages inside the sandbox images. */
export const VULNERABILITY_PARTS = ["dependencies", "image"] as const;
export type VulnerabilityPart = (typeof VULNERABILITY_PARTS)[number];

const Finding = z.object({
  /** Id of the advisory, such as GHSA-… or DSA-…. */
  id: z.string(),
  part: z.enum(VULNERABILITY_PARTS),
  package: z.string(),
  version: z.string(),
  ecosystem: z.string(),
  /** Where it is installed: a folder below the product, or an image. */
  path: z.string(),
  severity: z.enum(VULNERABILITY_SEVERITIES),
  title: z.string(),
  /** First version without it; null = none is known. */
  fixedIn: z.string().nullable(),
  url: z.string().nullable(),
});
export type VulnerabilityFinding = z.infer<typeof Finding>;

const Source = z.object({
  name: z.enum(["npm", "osv", "file"]),
  part: z.enum(VULNERABILITY_PARTS),
  ok: z.boolean(),
  /** Why it gave no answer, or only a part of one. */
  problem: z.string().nullable(),
});

export const VulnerabilityReport = z.object({
  /** When it was looked up (ISO 8601, UTC). */
  at: z.iso.datetime(),
  /**
   * `clear`: everything that was to be looked up was, and nothing is known. `vulnerable`: something is known. `partial`: nothing is known of what
   * could be looked up, and something could not. `unknown`: nothing could be looked up.
   */
  verdict: z.enum(["clear", "vulnerable", "partial", "unknown"]),
  /** Packages that were asked about and answered for. */
  checked: z.object({ dependencies: z.number(), image: z.number() }),
  sources: z.array(Source),
  /** What was not looked up, and why. */
  notChecked: z.array(z.string()),
  findings: z.array(Finding),
});
export type VulnerabilityReport = z.infer<typeof VulnerabilityReport>;
