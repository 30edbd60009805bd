/** Rules about keys, data at rest and logs (AUTH-11, DATA-1, DATA-4, AUD-2). */
import { formatPath } from "#server/config/path.ts";
import type { Finding } from "#server/config/problems.ts";
import { referencesOf, visibleText, type SecretSource } from "#server/config/references.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import { ADVISED_ITERATIONS } from "#server/config/schema/security-data.ts";
import type { Config } from "#server/config/schema.ts";
import { formatMode } from "#server/config/units.ts";

export function dataFindings(config: Config, secrets: SecretSource): Finding[] {
  return [
    ...apiKeyFindings(config, secrets),
    ...encryptionFindings(config),
    ...modeFindings(config),
    ...recordFindings(config),
  ];
}

function warning(path: Finding["path"], reason: string, fix: string): Finding {
  return { severity: "warning", path, reason, fix };
}

function apiKeyFindings({ security }: Config, secrets: SecretSource): Finding[] {
  return Object.entries(security.apiKeys).flatMap(([provider, value]) =>
    providerKeyFindings(["security", "apiKeys", provider], value, secrets),
  );
}

/** About one provider's key as it is written at `path`. */
export function providerKeyFindings(path: Finding["path"], value: string, { lookup, open }: SecretSource): Finding[] {
  const variables = referencesOf(visibleText(formatPath(path), value, open) ?? "");
  if (variables.length === 0) {
    const fix =
      "Encrypt it with `openclaw config encrypt`, or put it in an environment variable and write ${NAME} here.";
    return isSealed(value) ? [] : [warning(path, "stands in the file in plain text", fix)];
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
  const { enabled, iterations } = security.encryption.database;
  const path = ["security", "encryption", "database"];
  const findings: Finding[] = [];
  if (!enabled) {
    const reason = "stores what people and programs write in plain text, apart from messages if those are encrypted";
    findings.push(warning([...path, "enabled"], reason, "Remove the key or set it to true."));
  }
  if (iterations < ADVISED_ITERATIONS) {
    const reason = `is below the ${ADVISED_ITERATIONS} rounds advised for PBKDF2`;
    findings.push(warning([...path, "iterations"], reason, `Remove the key to use ${ADVISED_ITERATIONS}.`));
  }
  return findings;
}

function modeFindings({ security }: Config): Finding[] {
  const { configPermissions, logPermissions } = security.storage;
  const findings = [
    ...unusableMode("configPermissions", configPermissions),
    ...unusableMode("logPermissions", logPermissions),
  ];
  if (findings.length > 0) {
    return findings;
  }
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

function unusableMode(key: "configPermissions" | "logPermissions", mode: number): Finding[] {
  const reason =
    (mode & 0o600) !== 0o600
      ? "keeps the gateway itself from reading or writing its files"
      : (mode & 0o022) !== 0
        ? "lets other accounts write"
        : undefined;
  const fix = `Use "${key === "configPermissions" ? "600" : "640"}".`;
  return reason === undefined
    ? []
    : [{ severity: "error", path: ["security", "storage", key], reason: `${formatMode(mode)} ${reason}`, fix }];
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
