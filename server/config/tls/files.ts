/**
 * The PEM files of `gateway.tls`, read and checked as a whole, so that a pair that does not belong together is never put in force.
 * No error repeats any content of a file.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { resolveLocation } from "#server/config/location.ts";
import type { Finding } from "#server/config/problems.ts";
import { formatPath } from "#server/config/path.ts";
import type { Config } from "#server/config/schema.ts";

export interface TlsMaterial {
  /** The chain, PEM. */
  cert: Buffer;
  key: Buffer;
  /** Authority of client certificates, PEM; undefined when clients need none. */
  ca: Buffer | undefined;
  /** First certificate of the chain, the gateway's own. */
  leaf: X509Certificate;
  keyReadableByOthers: boolean;
}

type TlsReading = { ok: true; material: TlsMaterial } | { ok: false; finding: Finding };

type Tls = Config["gateway"]["tls"];
type Part = "cert" | "key" | "ca";

const MAX_BYTES = 1024 * 1024;
const READABLE_BY_OTHERS = 0o044;

/** Where the files are: absolute paths of those that the configuration names. @throws AppError("NOT_CONFIGURED") as `resolveLocation` does. */
export function tlsFilesOf(tls: Tls, paths: Pick<HomePaths, "home">): Partial<Record<Part, string>> {
  const parts = (["cert", "key", "ca"] as const).flatMap((part) => {
    const written = tls[part];
    return written === undefined ? [] : [[part, resolveLocation(`gateway.tls.${part}`, written, paths)] as const];
  });
  return Object.fromEntries(parts);
}

/** Reads all files and proves that they load and match; otherwise says which one is at fault. */
export function readTlsFiles(tls: Tls, paths: Pick<HomePaths, "home">): TlsReading {
  try {
    const files = tlsFilesOf(tls, paths);
    const cert = readPem("cert", files.cert);
    const key = readPem("key", files.key);
    const ca = tls.ca === undefined ? undefined : readPem("ca", files.ca).bytes;
    const leaf = parse("cert", "is no certificate in PEM form", () => new X509Certificate(cert.bytes));
    const privateKey = parse("key", "is no private key in PEM form without a passphrase", () =>
      createPrivateKey(key.bytes),
    );
    requireMatch(leaf, privateKey);
    if (ca !== undefined) {
      parse("ca", "is no certificate in PEM form", () => new X509Certificate(ca));
    }
    // What OpenSSL itself would refuse, such as a key that is too short or a broken chain.
    parse("cert", "is refused by OpenSSL", () => createSecureContext({ cert: cert.bytes, key: key.bytes, ca }));
    const keyReadableByOthers = (key.mode & READABLE_BY_OTHERS) !== 0;
    return { ok: true, material: { cert: cert.bytes, key: key.bytes, ca, leaf, keyReadableByOthers } };
  } catch (error) {
    if (error instanceof TlsFileError) {
      return { ok: false, finding: error.finding };
    }
    return { ok: false, finding: findingOf(["gateway", "tls"], messageOf(error), "Correct it.") };
  }
}

/** @throws AppError("CONFIG_INVALID") when TLS is on and cannot be served with the files as they are. */
export function assertTlsFiles({ gateway }: Config, paths: Pick<HomePaths, "home">): TlsMaterial | undefined {
  if (!gateway.tls.enabled) {
    return undefined;
  }
  const reading = readTlsFiles(gateway.tls, paths);
  if (!reading.ok) {
    const { path, reason, fix } = reading.finding;
    throw new AppError("CONFIG_INVALID", `${formatPath(path)}: ${reason}. ${fix}`);
  }
  return reading.material;
}

class TlsFileError extends Error {
  readonly finding: Finding;

  constructor(part: Part, reason: string) {
    super(reason);
    this.finding = findingOf(["gateway", "tls", part], reason, FIXES[part]);
  }
}

const FIXES: Record<Part, string> = {
  cert: "Name the PEM file of the gateway's certificate and its chain.",
  key: "Name the PEM file of the private key that belongs to gateway.tls.cert, without a passphrase.",
  ca: "Name the PEM file of the authority of your clients' certificates, or remove the key.",
};

function findingOf(path: Finding["path"], reason: string, fix: string): Finding {
  return { severity: "error", path, reason, fix };
}

function readPem(part: Part, file: string | undefined): { bytes: Buffer; mode: number } {
  if (file === undefined) {
    throw new TlsFileError(part, "is required when gateway.tls.enabled is true");
  }
  try {
    const facts = statSync(file);
    if (!facts.isFile() || facts.size > MAX_BYTES) {
      throw new TlsFileError(part, `${file} is not a PEM file`);
    }
    return { bytes: readFileSync(file), mode: facts.mode };
  } catch (error) {
    throw error instanceof TlsFileError ? error : new TlsFileError(part, `cannot be read: ${messageOf(error)}`);
  }
}

/** OpenSSL's own words stay out: they say little, and a library's message is not ours to vouch for. */
function parse<T>(part: Part, reason: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new TlsFileError(part, reason);
  }
}

function requireMatch(leaf: X509Certificate, key: KeyObject): void {
  if (!leaf.checkPrivateKey(key)) {
    throw new TlsFileError("key", "does not belong to the certificate in gateway.tls.cert");
  }
}
