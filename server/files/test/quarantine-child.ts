/** Takes every file of a folder into quarantine, one after the other, until it is killed. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { homePaths } from "#server/core/paths.ts";
import { readMediated } from "#server/files/mediated.ts";
import { quarantineFile } from "#server/files/quarantine-file.ts";
import { fileRules } from "#server/files/policy.ts";

const [url = "", home = "", folder = ""] = process.argv.slice(2);
const db = createDb(createPool({ connectionString: url, name: "child", max: 1 }));
const rules = fileRules(
  {
    allowedPaths: [folder],
    deniedPaths: [],
    restrictions: { maxFileSize: 1_000_000, maxPathLength: 255, allowedExtensions: [], deniedExtensions: [] },
    monitoring: { logFileAccess: false, alertOnSuspicious: true, quarantineSuspicious: true },
  },
  { userHome: home, openclawHome: home },
);
const deps = { db, clock: systemClock, paths: homePaths(home) };
process.send?.("ready");
for (const name of readdirSync(folder).sort()) {
  const { path, content, identity } = await readMediated({ rules, record: async () => undefined }, join(folder, name));
  const suspect = { name, content, findings: [], original: { path, identity } };
  await quarantineFile(deps, { actor: { type: "system", id: "test" } }, suspect);
  process.send?.(name);
}
