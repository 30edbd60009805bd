/** Rules about where alerts go (MON-2): a way that is written down and leads nowhere is worse than none. */
import type { Finding } from "#server/config/problems.ts";
import { referencesOf, visibleText, type SecretSource } from "#server/config/references.ts";
import { isLoopback } from "#server/config/safety/network.ts";
import type { Config } from "#server/config/schema.ts";
import { standardKey } from "#server/core/crypto/standard-webhooks.ts";
import { messageOf } from "#server/core/errors.ts";
import { safeUrl } from "#server/core/net/outbound-policy.ts";

const ALERTING = ["security", "monitoring", "alerting"];

type Alerting = Config["security"]["monitoring"]["alerting"];

export function alertFindings({ security }: Config, secrets: SecretSource): Finding[] {
  const { alerting } = security.monitoring;
  return alerting.enabled ? [...mailFindings(alerting), ...webhookFindings(alerting, secrets)] : [];
}

const found = (severity: Finding["severity"], key: readonly string[], reason: string, fix: string): Finding => ({
  severity,
  path: [...ALERTING, ...key],
  reason,
  fix,
});

function mailFindings({ channels, recipients, smtp }: Alerting): Finding[] {
  const findings: Finding[] = [];
  if (channels.includes("email") && recipients.length === 0) {
    findings.push(found("error", ["recipients"], "is empty, so no alert is mailed", "Add an address."));
  }
  if (channels.includes("email") && smtp === undefined) {
    // No error: what the guide shows has to start. The contact point says the same, and every mail that is not sent is on record.
    const fix =
      'Write smtp: { host: "mail.example.com", user: "...", password: "${SMTP_PASSWORD}", from: "gateway@example.com" }.';
    findings.push(found("warning", ["channels"], "has email, but there is no smtp, so no alert can be mailed", fix));
  }
  if (smtp !== undefined) {
    const { host, secure, user, password } = smtp;
    if ((user === undefined) !== (password === undefined)) {
      const missing = user === undefined ? "user" : "password";
      findings.push(
        found("error", ["smtp", missing], "is missing: signing in takes both", `Add it, or remove the other.`),
      );
    }
    if (secure === "none" && !isLoopback(host)) {
      findings.push(
        user === undefined
          ? found(
              "warning",
              ["smtp", "secure"],
              "sends alerts in the clear over the network",
              'Use "starttls" or "tls".',
            )
          : found("error", ["smtp", "secure"], "would send the password in the clear", 'Use "starttls" or "tls".'),
      );
    }
  }
  return findings;
}

function webhookFindings({ channels, webhookUrl, webhookSecret }: Alerting, { open }: SecretSource): Finding[] {
  const findings: Finding[] = [];
  if (channels.includes("webhook") && webhookUrl === undefined) {
    findings.push(found("error", ["webhookUrl"], "is absent, so no webhook is called", "Add the URL."));
  }
  const url = plain("webhookUrl", webhookUrl, open);
  if (url !== undefined && /^http:/i.test(url)) {
    findings.push(found("warning", ["webhookUrl"], "sends alerts unencrypted", "Use https."));
  }
  if (url !== undefined && safeUrl(url) === null) {
    const reason = "is no address that the gateway connects to (a metadata service, or with a user name in it)";
    findings.push(found("error", ["webhookUrl"], reason, "Write the address of the receiver itself."));
  }
  const secret = plain("webhookSecret", webhookSecret, open);
  if (secret !== undefined) {
    try {
      standardKey(secret, "webhookSecret");
    } catch (error) {
      const fix = "Remove the key to have one made, or write: whsec_ and the output of `openssl rand -base64 32`.";
      findings.push(found("error", ["webhookSecret"], messageOf(error).replace("webhookSecret ", ""), fix));
    }
  }
  return findings;
}

/** The text of a secret where it stands in the file; undefined where it is elsewhere. */
function plain(key: string, written: string | undefined, open: SecretSource["open"]): string | undefined {
  const text = written === undefined ? undefined : visibleText([...ALERTING, key].join("."), written, open);
  return text === undefined || referencesOf(text).length > 0 ? undefined : text;
}
