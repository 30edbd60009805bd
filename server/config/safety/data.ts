/** Rules about keys, data at rest, logs and alerts (AUTH-11, DATA-1, DATA-4, AUD-2, MON-2). */
import type { Finding } from "#server/config/problems.ts";
import { referencesOf, type Lookup } from "#server/config/references.ts";
import { ADVISED_ITERATIONS } from "#server/config/schema/security-data.ts";
import type { Config } from "#server/config/schema.ts";
import { formatMode } from "#server/config/units.ts";

export function dataFindings(config: Config, lookup: Lookup): Finding[] {
  return [
    ...apiKeyFindings(config, lookup),
    ...encryptionFindings(config),
    ...modeFindings(config),
    ...recordFindings(config),
    ...alertFindings(config),
  ];
}

function warning(path: Finding["path"], reason: string, fix: string): Finding {
  return { severity: "warning", path, reason, fix };
}

function apiKeyFindings({ security }: Config, lookup: Lookup): Finding[] {
  return Object.entries(security.apiKeys).flatMap(([provider, value]) =>
    providerKeyFindings(["security", "apiKeys", provider], value, lookup),
  );
}

/** About one provider's key as it is written at `path`. */
export function providerKeyFindings(path: Finding["path"], value: string, lookup: Lookup): Finding[] {
  const variables = referencesOf(value);
  if (variables.length === 0) {
    return [
      warning(path, "stands in the file in plain text", "Put it in an environment variable and write ${NAME} here."),
    ];
  }
  return variables
    .filter((variable) => lookup(variable) === undefined)
    .map((variable) =>
      warning(
        path,
        `refers to the environment variable ${variable}, which is not set`,
        `Set ${variable} to use this provider.`,
      ),
    );
}

function encryptionFindings({ security }: Config): Finding[] {
  const { iterations } = security.encryption.database;
  return iterations < ADVISED_ITERATIONS
    ? [
        warning(
          ["security", "encryption", "database", "iterations"],
          `is below the ${ADVISED_ITERATIONS} rounds advised for PBKDF2`,
          `Remove the key to use ${ADVISED_ITERATIONS}.`,
        ),
      ]
    : [];
}

function modeFindings({ security }: Config): Finding[] {
  const { configPermissions, logPermissions } = security.storage;
  const findings: Finding[] = [];
  if ((configPermissions & 0o077) !== 0) {
    findings.push(
      warning(
        ["security", "storage", "configPermissions"],
        `${formatMode(configPermissions)} lets other accounts at the secrets of this file`,
        'Use "600".',
      ),
    );
  }
  if ((logPermissions & 0o027) !== 0) {
    findings.push(
      warning(
        ["security", "storage", "logPermissions"],
        `${formatMode(logPermissions)} lets every account at the logs`,
        'Use "640".',
      ),
    );
  }
  return findings;
}

function recordFindings({ logging, security }: Config): Finding[] {
  const findings: Finding[] = [];
  if (!logging.audit.enabled) {
    findings.push(
      warning(
        ["logging", "audit", "enabled"],
        "keeps no record but that of management",
        "Remove the key or set it to true.",
      ),
    );
  }
  if (!security.rateLimit.enabled) {
    findings.push(
      warning(
        ["security", "rateLimit", "enabled"],
        "lets callers send without limit",
        "Remove the key or set it to true.",
      ),
    );
  }
  return findings;
}

function alertFindings({ security }: Config): Finding[] {
  const { enabled, channels, recipients, webhookUrl } = security.monitoring.alerting;
  const path = ["security", "monitoring", "alerting"];
  const findings: Finding[] = [];
  if (enabled && channels.includes("email") && recipients.length === 0) {
    findings.push(warning([...path, "recipients"], "is empty, so no alert is mailed", "Add an address."));
  }
  if (enabled && channels.includes("webhook") && webhookUrl === undefined) {
    findings.push(warning([...path, "webhookUrl"], "is absent, so no webhook is called", "Add the URL."));
  }
  if (webhookUrl !== undefined && /^http:/i.test(webhookUrl)) {
    findings.push(warning([...path, "webhookUrl"], "sends alerts unencrypted", "Use https."));
  }
  return findings;
}
