/** What a look into the files of `gateway.tls` finds, for the check of a configuration. */
import type { HomePaths } from "#server/core/paths.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";
import { certificateWarnings } from "#server/config/tls/certificate.ts";
import { readTlsFiles } from "#server/config/tls/files.ts";

export function tlsFindings({ gateway }: Config, paths: Pick<HomePaths, "home">, now: Date): Finding[] {
  const { tls, allowedOrigins } = gateway;
  // Missing names are reported by the pure rules already.
  if (!tls.enabled || tls.cert === undefined || tls.key === undefined) {
    return [];
  }
  const reading = readTlsFiles(tls, paths);
  return reading.ok
    ? certificateWarnings(reading.material, { now, origins: allowedOrigins }).map(({ finding }) => finding)
    : [reading.finding];
}
