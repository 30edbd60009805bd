/**
 * Whether a well-formed configuration is safe to run. Errors refuse the start and a reload; warnings are shown.
 * Pure: the environment comes in as `lookup`, the keyring as `open`, what stands in the file as `isWritten`.
 */
import type { Finding } from "#server/config/problems.ts";
import type { Path } from "#server/config/json5/value.ts";
import type { SecretSource } from "#server/config/references.ts";
import { accessFindings } from "#server/config/safety/access.ts";
import { alertFindings } from "#server/config/safety/alerts.ts";
import { dataFindings } from "#server/config/safety/data.ts";
import { modelFindings } from "#server/config/safety/models.ts";
import { monitoringFindings } from "#server/config/safety/monitoring.ts";
import { nameFindings } from "#server/config/safety/names.ts";
import { networkFindings } from "#server/config/safety/network.ts";
import { outboundFindings } from "#server/config/safety/outbound.ts";
import { secretFindings } from "#server/config/safety/secrets.ts";
import { sandboxFindings } from "#server/config/safety/sandbox.ts";
import type { Config } from "#server/config/schema.ts";

export interface SafetyFacts extends SecretSource {
  /** Whether the file itself holds that path. */
  isWritten: (path: Path) => boolean;
}

export function safetyFindings(config: Config, { isWritten, ...secrets }: SafetyFacts): Finding[] {
  const findings = [
    ...networkFindings(config, secrets),
    ...accessFindings(config),
    ...nameFindings(config),
    ...sandboxFindings(config),
    ...modelFindings(config, secrets),
    ...outboundFindings(config),
    ...secretFindings(config, secrets.open),
    ...dataFindings(config, secrets),
    ...monitoringFindings(config),
    ...alertFindings(config, secrets),
  ];
  const perUser = ["security", "rateLimit", "perUser"];
  if (isWritten(perUser) && !isWritten([...perUser, "skipSuccessfulRequests"])) {
    findings.push({
      severity: "warning",
      path: perUser,
      reason: "counts only requests that fail, because skipSuccessfulRequests is true unless written",
      fix: "Write skipSuccessfulRequests: false to count every request, or true to keep this.",
    });
  }
  return findings;
}
