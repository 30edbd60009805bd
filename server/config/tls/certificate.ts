/** What is to be said about a certificate that works: its time runs out, or browsers will not accept it for our name. Pure. */
import { isIP } from "node:net";
import type { Finding } from "#server/config/problems.ts";
import type { TlsMaterial } from "#server/config/tls/files.ts";
import { DAY } from "#server/config/units.ts";

export interface CertificateWarning {
  /** Stable code for the record. */
  code: "expired" | "not_yet_valid" | "expires_soon" | "host_not_covered" | "key_readable";
  finding: Finding;
}

const WARN_BEFORE_MS = 30 * DAY;

interface Facts {
  now: Date;
  /** Origins under which browsers come (`gateway.allowedOrigins`). */
  origins: readonly string[];
}

export function certificateWarnings(
  { leaf, keyReadableByOthers }: Pick<TlsMaterial, "leaf" | "keyReadableByOthers">,
  { now, origins }: Facts,
): CertificateWarning[] {
  const warnings: CertificateWarning[] = [];
  const add = (code: CertificateWarning["code"], part: "cert" | "key", reason: string, fix: string): void =>
    void warnings.push({ code, finding: { severity: "warning", path: ["gateway", "tls", part], reason, fix } });
  const renew = "Put a renewed certificate and its key in place; the running gateway takes them up.";
  const left = leaf.validToDate.getTime() - now.getTime();
  const until = leaf.validToDate.toISOString();
  if (left <= 0) {
    add("expired", "cert", `expired at ${until}, so that clients refuse it`, renew);
  } else if (left < WARN_BEFORE_MS) {
    add("expires_soon", "cert", `expires at ${until}`, renew);
  }
  if (leaf.validFromDate > now) {
    const from = leaf.validFromDate.toISOString();
    add("not_yet_valid", "cert", `is not valid before ${from}`, "Check the clock of this machine, or use another one.");
  }
  const uncovered = origins
    .map((origin) => new URL(origin))
    .filter((url) => url.protocol === "https:" && !covers(leaf, url));
  if (uncovered.length > 0) {
    const names = uncovered.map((url) => url.hostname).join(", ");
    add(
      "host_not_covered",
      "cert",
      `is not for ${names}, which gateway.allowedOrigins names`,
      "Use a certificate for it.",
    );
  }
  if (keyReadableByOthers) {
    add("key_readable", "key", "can be read by other accounts of this machine", "Run chmod 600 on it.");
  }
  return warnings;
}

function covers(leaf: TlsMaterial["leaf"], { hostname }: URL): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  return (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined;
}
