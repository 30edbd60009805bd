/** The configuration as facts. Secrets are compared by a digest under a key of this scan alone, and never kept. */
import { createHmac, randomBytes } from "node:crypto";
import {
  formatPath,
  referencesOf,
  resolveSecret,
  visibleText,
  weakTokenReason,
  type ConfigInspection,
} from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { ConfigurationFacts, SecretFact } from "#server/scan/facts/sources.ts";

interface SecretReader {
  lookup: (variable: string) => string | undefined;
  open?: ((path: string, sealed: string) => string) | undefined;
}

export function configurationFacts(
  file: string,
  exists: boolean,
  inspection: ConfigInspection & { config: Config },
  secrets: SecretReader,
): ConfigurationFacts {
  const key = randomBytes(32);
  return {
    file,
    exists,
    config: inspection.config,
    isWritten: inspection.isWritten,
    owned: inspection.owned,
    hash: inspection.hash,
    secrets: inspection.secrets.map(({ path, kept, written }): SecretFact => {
      const at = formatPath(path);
      const text = visibleText(at, written, secrets.open);
      const missing = referencesOf(text ?? "").filter((name) => secrets.lookup(name) === undefined);
      const seen = text === undefined || missing.length > 0 ? null : resolveSecret(at, written, secrets);
      return {
        path,
        kept,
        missing,
        digest: seen === null ? null : createHmac("sha256", key).update(seen).digest("base64url"),
        length: seen === null ? null : seen.length,
        weak: seen === null ? null : (weakTokenReason(seen) ?? null),
      };
    }),
  };
}
