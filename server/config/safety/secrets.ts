/** Rules about encrypted values (DATA-2): each must open, and stand where one may. Without a keyring none is judged. */
import { entryAt } from "#server/config/catalogue.ts";
import type { Path } from "#server/config/json5/value.ts";
import { formatPath } from "#server/config/path.ts";
import type { Finding } from "#server/config/problems.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import type { OpenSecret } from "#server/config/sealed-secret.ts";
import type { Config } from "#server/config/schema.ts";

export function secretFindings(config: Config, open: OpenSecret | undefined): Finding[] {
  const allowed = config.security.encryption.config.enabled;
  return sealedValues(config, []).flatMap(({ path, value }): Finding[] => {
    if (entryAt(path)?.secret !== true) {
      return [error(path, "is encrypted, and nothing decrypts this key", "Write the plain value.")];
    }
    if (!allowed) {
      return [
        error(
          path,
          "is encrypted, while security.encryption.config.enabled is false",
          "Set that to true, or run: openclaw config decrypt",
        ),
      ];
    }
    try {
      open?.(formatPath(path), value);
      return [];
    } catch {
      return [
        error(
          path,
          "cannot be decrypted: it was changed or moved to another key, or the keyring of this home is not the one it was encrypted with",
          `Restore the file or keys/keyring.json from a backup, or write the value anew: openclaw config set ${formatPath(path)} -`,
        ),
      ];
    }
  });
}

function sealedValues(value: unknown, path: Path): { path: Path; value: string }[] {
  if (typeof value === "string") {
    return isSealed(value) ? [{ path, value }] : [];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Array.isArray(value)
    ? value.flatMap((item, index) => sealedValues(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => sealedValues(item, [...path, key]));
}

function error(path: Path, reason: string, fix: string): Finding {
  return { severity: "error", path, reason, fix };
}
