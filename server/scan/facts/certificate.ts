/** The gateway's own certificate as facts; its key is read and not kept. */
import type { KeyObject } from "node:crypto";
import { certificateWarnings, readTlsFiles, tlsFilesOf } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { DAY_MS } from "#server/scan/check.ts";
import type { CertificateFacts } from "#server/scan/facts/sources.ts";

/** Null while the gateway does not speak TLS itself. @throws Error that says why the files cannot be used. */
export function certificateFacts({ gateway }: Config, paths: HomePaths, now: Date): CertificateFacts | null {
  const { tls, allowedOrigins } = gateway;
  if (!tls.enabled) {
    return null;
  }
  const reading = readTlsFiles(tls, paths);
  if (!reading.ok) {
    throw new Error(`gateway.tls ${reading.finding.reason}`);
  }
  const { leaf } = reading.material;
  const { type, bits } = strengthOf(leaf.publicKey);
  return {
    file: tlsFilesOf(tls, paths).cert ?? "",
    keyType: type,
    keyBits: bits,
    signature: leaf.signatureAlgorithm ?? null,
    selfSigned: leaf.checkIssued(leaf) && leaf.verify(leaf.publicKey),
    hasNames: leaf.subjectAltName !== undefined,
    validDays: Math.round((leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / DAY_MS),
    warnings: certificateWarnings(reading.material, { now, origins: allowedOrigins }).map(({ code, finding }) => ({
      code,
      part: finding.path.at(-1) === "key" ? "key" : "cert",
      reason: finding.reason,
      fix: finding.fix,
    })),
  };
}

const CURVE_BITS: Readonly<Record<string, number>> = {
  prime192v1: 192,
  secp192k1: 192,
  secp224r1: 224,
  secp224k1: 224,
  prime256v1: 256,
  secp256k1: 256,
  secp384r1: 384,
  secp521r1: 521,
};

function strengthOf(key: KeyObject): { type: string; bits: number | null } {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType ?? "unknown";
  return { type, bits: modulusLength ?? (namedCurve === undefined ? null : (CURVE_BITS[namedCurve] ?? null)) };
}
