/**
 * Keeps the certificate in force up to date: looks at its files a few times a second, takes a new pair once it rests, loads and matches,
 * and warns in time before it expires. A pair that does not work leaves the old one in force.
 */
import type { Server as HttpsServer } from "node:https";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { certificateWarnings, readTlsFiles, tlsFilesOf, type TlsMaterial } from "#server/config/index.ts";
import { messageOf } from "#server/core/errors.ts";
import { fileFacts } from "#server/core/file-facts.ts";
import { replaceMaterial } from "#server/listen/node-server.ts";
import type { ListenServices } from "#server/listen/services.ts";

const LOOK_EVERY_MS = 400;
const WARN_EVERY_MS = 24 * 60 * 60 * 1000;

interface TlsWatchOptions {
  server: HttpsServer;
  services: Pick<ListenServices, "config" | "paths" | "audit" | "log">;
  /** What the server was started with. */
  material: TlsMaterial;
  /** Other clients may connect now than those that are connected. */
  onAuthorityChanged: () => void;
}

/** @returns ends the watch. */
export function watchTls({ server, services, material, onAuthorityChanged }: TlsWatchOptions): () => void {
  const { config, paths, audit, log } = services;
  let inForce = material;
  let seen = facts();
  let restless = false;

  /** Of all files together; also changes when the configuration names others. */
  function facts(): string {
    try {
      const files = tlsFilesOf(config.current().config.gateway.tls, paths);
      return Object.values(files)
        .map((file) => `${file} ${fileFacts(file)}`)
        .join("\n");
    } catch (error) {
      return messageOf(error);
    }
  }

  function look(): void {
    const now = facts();
    if (now !== seen) {
      seen = now;
      restless = true;
    } else if (restless) {
      restless = false;
      reload();
    }
  }

  function reload(): void {
    const { tls } = config.current().config.gateway;
    // Switching TLS off takes a restart; until then the pair that was loaded stays.
    if (!tls.enabled) {
      return;
    }
    const reading = readTlsFiles(tls, paths);
    if (!reading.ok) {
      failed(reading.finding.path.join("."), reading.finding.reason);
      return;
    }
    const next = reading.material;
    if (isSame(next, inForce)) {
      return;
    }
    try {
      replaceMaterial(server, next);
    } catch (error) {
      failed("gateway.tls", messageOf(error));
      return;
    }
    const isOtherAuthority = !sameBytes(next.ca, inForce.ca);
    inForce = next;
    if (isOtherAuthority) {
      onAuthorityChanged();
    }
    const { fingerprint256: fingerprint, validToDate } = next.leaf;
    const validTo = validToDate.toISOString();
    log.info({ fingerprint, validTo }, "certificate reloaded");
    record({
      event: "tls.reloaded",
      outcome: "ok",
      data: { fingerprint, validTo, authorityChanged: isOtherAuthority },
    });
    warn();
  }

  function failed(because: string, problem: string): void {
    const fingerprint = inForce.leaf.fingerprint256;
    log.error({ because, problem, inForce: fingerprint }, "new certificate refused, the old one stays in force");
    record({
      event: "tls.reload_failed",
      outcome: "failed",
      reason: "invalid",
      because,
      data: { inForce: fingerprint },
    });
  }

  function warn(): void {
    const { allowedOrigins } = config.current().config.gateway;
    const { fingerprint256: fingerprint, validToDate } = inForce.leaf;
    for (const { code, finding } of certificateWarnings(inForce, { now: new Date(), origins: allowedOrigins })) {
      const because = finding.path.join(".");
      log.warn({ because, problem: finding.reason, fix: finding.fix }, "certificate warning");
      if (code !== "key_readable") {
        const data = { fingerprint, validTo: validToDate.toISOString() };
        record({ event: "tls.certificate_expiring", outcome: "ok", reason: code, because, data });
      }
    }
  }

  function record(event: Omit<AuditEventInput, "actor">): void {
    audit
      .append([{ ...event, actor: { type: "system", id: "server" } }])
      .catch((error: unknown) => log.error({ err: error, event: event.event }, "a TLS event could not be recorded"));
  }

  warn();
  const looks = setInterval(look, LOOK_EVERY_MS).unref();
  const warnings = setInterval(warn, WARN_EVERY_MS).unref();
  return () => {
    clearInterval(looks);
    clearInterval(warnings);
  };
}

function isSame(one: TlsMaterial, other: TlsMaterial): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key) && sameBytes(one.ca, other.ca);
}

function sameBytes(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}
