/** Throw-away certificates, made by the real openssl. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  cert: string;
  key: string;
}

interface PairOptions {
  /** Days from now. */
  days?: number;
  names?: string;
  /** Signs it; default: itself. */
  by?: Pair;
}

export interface CertificateFolder {
  path: string;
  /** Makes `<name>.pem` and `<name>.key`. */
  make(name: string, options?: PairOptions): Pair;
  remove(): void;
}

export function certificateFolder(): CertificateFolder {
  const path = mkdtempSync(join(tmpdir(), "openclaw-tls-"));
  return {
    path,
    make(name, { days = 90, names = "DNS:localhost,IP:127.0.0.1", by } = {}) {
      const pair = { cert: join(path, `${name}.pem`), key: join(path, `${name}.key`) };
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const signer = by === undefined ? [] : ["-CA", by.cert, "-CAkey", by.key];
      const validity = ["-days", String(days)];
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
      const files = ["-keyout", pair.key, "-out", pair.cert];
      execFileSync("openssl", ["req", "-x509", ...curve, ...validity, ...subject, ...signer, ...files], {
        stdio: "pipe",
      });
      return pair;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
